// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/backup.hpp"
#include "backupd/engine/prune.hpp"
#include "backupd/engine/verify.hpp"
#include "core/error.hpp"
#include "storage/fault_injection.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/backupd/whole.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

namespace intendance::backupd {

using Objects = std::map<std::string, core::Buffer>;

// A repository in memory whose objects can be put back as they were.
class Replay : public ::testing::Test {
protected:
  Replay() : keys_(folder_.path() / "keys") {
    Repository::initialise(*store_, keys_, "web-1", core::system_clock().now());
  }

  Repository open(Role role, const std::filesystem::path& memory = {}) {
    return Repository::open(std::make_unique<storage::FaultyStore>(*store_), keys_, {role}, memory);
  }
  void write(const std::string& name, std::size_t size = 3'000) {
    std::filesystem::create_directories(source_);
    core::write_file_atomically(source_ / name,
                                std::string(core::as_text(core::random_bytes(size))));
  }
  // By a machine that remembers what is in that folder.
  BackupResult back_up_by(const std::string& state) {
    auto repository = open(Role::writer);
    BackupRequest request;
    request.job = "tei";
    request.roots = {source_};
    request.state = folder_.path() / state;
    return back_up(repository, request, {});
  }
  SnapshotName back_up_now() { return back_up_by("state").snapshot; }
  void forget(const SnapshotName& snapshot) { store_->remove(snapshot_object_name(snapshot)); }
  PruneReport prune_now() {
    PruneOptions options;
    options.machine = "hub";
    options.grace = std::chrono::seconds(0);
    options.spool = folder_.path();
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    return prune(open(Role::maintainer), index, options, {});
  }

  Objects objects(const std::string& prefix = "") {
    Objects found;
    store_->list(prefix, [&](const storage::ObjectInfo& info) {
      found[info.name] = *store_->get(info.name, info.size);
    });
    return found;
  }
  // What was there then under that prefix and is gone; how many.
  std::size_t put_back(const Objects& then, const std::string& prefix) {
    std::size_t count = 0;
    for (const auto& [name, content] : then) {
      if (!name.starts_with(prefix) || store_->head(name)) continue;
      store_->put(name, core::ByteView(content));
      ++count;
    }
    return count;
  }
  // As if nothing had happened since.
  void roll_back(const Objects& then) {
    for (const auto& [name, content] : objects()) {
      if (!then.contains(name)) store_->remove(name);
    }
    put_back(then, "");
  }

  // All that verify says, with every byte read.
  std::string told() {
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    VerifyOptions options;
    options.read_data = true;
    const auto report = verify(open(Role::reader), index, options, {});
    std::string text;
    for (const auto* each : {&report.findings, &report.remarks})
      for (const auto& finding : *each) text += finding.object + ": " + finding.message + "\n";
    return text;
  }
  static std::string text_of(const std::vector<Finding>& findings) {
    std::string text;
    for (const auto& each : findings) text += each.object + ": " + each.message + "\n";
    return text;
  }
  void expect_restores(const SnapshotName& snapshot, const Tree& tree) {
    EXPECT_EQ(restored_tree(open(Role::reader), core::to_hex(snapshot), source_), tree);
  }
  void expect_whole() { backupd::expect_whole(open(Role::reader)); }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  std::filesystem::path source_ = folder_.path() / "source";
  std::unique_ptr<storage::ObjectStore> store_ = storage::make_memory_store();
};

inline ::testing::AssertionResult says(const std::string& text, const std::string& part) {
  if (text.find(part) != std::string::npos) return ::testing::AssertionSuccess();
  return ::testing::AssertionFailure() << "\"" << part << "\" is not in: " << text;
}

} // namespace intendance::backupd
