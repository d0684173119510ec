// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/bounded_queue.hpp"
#include "backupd/engine/previous.hpp"
#include "backupd/engine/walker.hpp"

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace intendance::backupd {

// What a scan found, in the order of paths.
struct Scanned {
  Entry entry;
  core::FileDescriptor contents;    // open, when they must be read
  std::vector<std::uint32_t> packs; // of the extents of what the last backup knew
  bool known = false;               // whether the last backup had something of that path
  std::string warning;              // then the entry has a path only, and is left out
};

// Walks trees, one after the other, on a thread of its own, some way ahead of who asks for what it
// found, and recognises what did not change since the last backup.
class TreeScan {
public:
  // `previous` must outlive it, and is only used by its thread.
  TreeScan(const WalkOptions& options, PreviousManifest& previous, std::stop_token stop);
  ~TreeScan();
  TreeScan(const TreeScan&) = delete;
  TreeScan& operator=(const TreeScan&) = delete;

  // Begins a tree, when the one before has ended.
  void begin(const std::filesystem::path& root);
  // Nothing at the tree's end. Throws what the walk threw: Unreachable, Cancelled.
  std::optional<Scanned> next();

private:
  using Batch = std::vector<Scanned>;

  void walk(const std::filesystem::path& root);
  bool recognise(Entry& entry);
  void visit(Found&& found);
  void add(Scanned&& found);
  void add_more_extents();
  void hand_over();

  PreviousManifest& previous_;
  std::stop_source gone_;
  std::stop_callback<std::function<void()>> also_;
  Walker walker_;
  std::unique_ptr<BoundedQueue<Batch>> queue_;
  std::vector<std::uint32_t> recognised_packs_; // of what was recognised last
  bool known_ = false;                          // of what recognise() was asked for last
  Batch batch_;                                 // the thread's
  std::size_t batch_open_ = 0;                  // of its files
  std::size_t batch_bytes_ = 0;
  Batch taken_;
  std::size_t taken_at_ = 0;
  std::jthread thread_;
};

} // namespace intendance::backupd
