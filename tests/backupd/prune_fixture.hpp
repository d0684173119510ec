// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/backup.hpp"
#include "backupd/engine/prune.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/backupd/whole.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {

// A repository in a folder, the machine that backs up there, and the hub that prunes.
class Pruning : public ::testing::Test {
protected:
  Pruning() : keys_(folder_.path() / "keys") {
    Repository::initialise(*open_store(), keys_, "web-1", core::system_clock().now());
  }

  std::unique_ptr<storage::ObjectStore> open_store() {
    return storage::open_directory_store(folder_.path() / "store");
  }
  Repository open(Role role) { return Repository::open(open_store(), keys_, {role}, {}); }
  void write(const std::string& name, std::size_t size) {
    std::filesystem::create_directories(source_);
    core::write_file_atomically(source_ / name,
                                std::string(core::as_text(core::random_bytes(size))));
  }
  SnapshotName back_up_now() {
    auto repository = open(Role::writer);
    BackupRequest request;
    request.job = "tei";
    request.roots = {source_};
    request.state = folder_.path() / "state";
    return back_up(repository, request, {}).snapshot;
  }
  void forget(const SnapshotName& snapshot) {
    open_store()->remove(snapshot_object_name(snapshot));
  }
  // Without waiting, unless something is said.
  PruneReport prune_now(std::chrono::seconds grace = std::chrono::seconds(0),
                        bool dry_run = false) {
    PruneOptions options;
    options.machine = "hub";
    options.grace = grace;
    options.spool = folder_.path();
    options.dry_run = dry_run;
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    return prune(open(Role::maintainer), index, options, {});
  }
  void expect_whole() { backupd::expect_whole(open(Role::reader)); }
  void expect_restores(const Tree& expected) {
    EXPECT_EQ(restored_tree(open(Role::reader), "latest", source_), expected);
  }
  std::size_t count(const std::string& prefix) {
    std::size_t number = 0;
    open_store()->list(prefix, [&](const auto&) { ++number; });
    return number;
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  std::filesystem::path source_ = folder_.path() / "source";
};

} // namespace intendance::backupd
