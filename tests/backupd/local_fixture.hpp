// SPDX-License-Identifier: AGPL-3.0-or-later
// A machine, its repository in a folder, and a target, all of which can be copied: so that a
// command can be tried again and again from the same beginning, and be stopped at another place
// each time.
#pragma once

#include "backupd/engine/backup.hpp"
#include "backupd/engine/prune.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "tests/backupd/whole.hpp"
#include "tests/support/local_faults.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace intendance::backupd {

// All that a command may change on a disk.
struct World {
  std::filesystem::path folder;
  std::filesystem::path store() const { return folder / "store"; }
  std::filesystem::path state() const { return folder / "state"; }
  std::filesystem::path memory() const { return folder / "memory"; }
  std::filesystem::path target() const { return folder / "target"; }
};

class LocalTest : public ::testing::Test {
protected:
  // Where packs are spooled: where they become objects without being copied, or in the state
  // folder, as for a store that is no folder.
  enum class Spool { store, state };

  LocalTest(); // with an initialised repository in `whole_`
  ~LocalTest() override;

  // In the source. Random bytes.
  void write(const std::string& name, std::size_t size);
  // Something of everything, in few bytes.
  void make_source();
  // The same, backed up once, then with a file that changed and a new one.
  struct Changed {
    std::string first; // the snapshot
    Tree first_tree, tree;
  };
  Changed make_changed_source();
  // A repository of two snapshots, the first of which is forgotten: with packs to mark, to rewrite
  // and to leave. Returns the name of the second.
  SnapshotName make_garbage();

  Repository open(const World& world, Role role) const;
  BackupResult back_up_in(const World& world, Spool spool = Spool::store) const;
  // Marks and deletes at once, or each after a week.
  PruneReport prune_in(const World& world, std::chrono::seconds grace = {}) const;
  // What was found beside the files, like a trust that cannot be remembered, goes to `findings`.
  RestoreResult restore_in(const World& world, Overwrite overwrite = Overwrite::always,
                           const std::string& snapshot = "latest",
                           std::vector<Finding>* findings = nullptr) const;

  // Every object is whole, nothing that a snapshot needs is missing.
  void expect_whole(const World& world) const;
  // That snapshot comes back without a problem, elsewhere than in world.target().
  void expect_restores(const World& world, const std::string& snapshot, const Tree& tree) const;
  // By the store's clock everything in it was put a month earlier.
  static void let_a_month_pass(const World& world);
  // A leftover of the very moment in which a restore begins is taken for another restore's.
  static void wait_for_the_clock_of_files();
  // A copy of `whole_`, which lives until the next.
  World copy();

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  std::filesystem::path source_ = folder_.path() / "source";
  World whole_{folder_.path() / "whole"};
  // Nothing waits for the disk while a test of this kind runs.
  std::optional<test_support::LocalFaults> without_sync_;

private:
  std::optional<core::TemporaryDirectory> copied_;
};

} // namespace intendance::backupd
