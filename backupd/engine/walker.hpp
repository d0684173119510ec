// SPDX-License-Identifier: AGPL-3.0-or-later
// Walks a tree as it is, for a backup: no symbolic link is followed, no FIFO opened, everything is
// looked at before and after it is read.
#pragma once

#include "backupd/repository/manifest.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <vector>

namespace intendance::backupd {

// One thing found. `contents` is open for reading when the entry is a file with contents of its own
// (not a further name of a file seen before).
struct Found {
  Entry entry; // without extents
  core::FileDescriptor contents;
};

// A root that cannot be looked at.
class Unreachable : public core::Error {
public:
  using Error::Error;
};

struct WalkOptions {
  std::vector<std::string>
      exclude; // shell patterns (fnmatch), of a name or, with '/', of a whole path
  bool one_file_system = false;
};

class Walker {
public:
  using Visit = std::function<void(Found&&)>;
  // What could not be read; it is left out, or kept as far as it could be read.
  using Warn = std::function<void(const std::string& path, const std::string& message)>;

  Walker(WalkOptions options, Visit visit, Warn warn, std::stop_token stop);

  // Visits the tree in the order of compare_paths(): first the folders that lead to it, then the
  // root itself. Throws Unreachable when there is no root, Cancelled when asked to stop.
  void walk(const std::filesystem::path& root);

private:
  struct Folder; // an open one
  void visit_parents(const std::filesystem::path& root);
  void visit_child(const Folder& folder, const std::string& name);
  void visit_folder(Folder& folder);
  std::vector<std::string> sorted_names(const Folder& folder);
  bool excluded(const std::string& path, const std::string& name) const;
  void describe_owner(Entry& entry);

  WalkOptions options_;
  Visit visit_;
  Warn warn_;
  std::stop_token stop_;
  std::uint64_t root_device_ = 0;
  std::string last_parent_; // of the walks before; folders are not visited twice
  std::unordered_map<std::string, std::string> first_names_; // "device:inode" → path
  std::unordered_map<std::uint32_t, std::string> users_, groups_;
};

// The entry of what `descriptor` (opened with O_PATH or for reading) stands for, without its path,
// link target and contents.
Entry describe(int descriptor, const std::string& shown, const Walker::Warn& warn);

// Why contents that were just read may not be one state of the file; empty when they are.
std::string torn(int descriptor, const Entry& before);

} // namespace intendance::backupd
