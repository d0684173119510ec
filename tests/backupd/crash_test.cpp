// SPDX-License-Identifier: AGPL-3.0-or-later
// A backup, a prune and a restore that are killed at every request to the store, before it took
// effect and after: every committed snapshot still restores bit for bit, and the next run finishes.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/prune.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "core/error.hpp"
#include "storage/fault_injection.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/backupd/whole.hpp"
#include "tests/support/test_store.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using storage::FaultMoment;
using storage::FaultyStore;
using storage::ObjectStore;

std::unique_ptr<ObjectStore> copy_of(ObjectStore& store) {
  auto copy = test::make_store();
  store.list("", [&](const storage::ObjectInfo& info) {
    copy->put(info.name, ByteView(*store.get(info.name, info.size)));
  });
  return copy;
}

class Crash : public ::testing::Test {
protected:
  Crash() : keys_(folder_.path() / "keys") {
    Repository::initialise(*store_, keys_, "web-1", core::system_clock().now());
  }

  // To be armed; lives as long as the repository that it is given to.
  Repository open(ObjectStore& store, Role role, FaultyStore** faulty = nullptr) {
    auto wrapped = std::make_unique<FaultyStore>(store);
    if (faulty != nullptr) *faulty = wrapped.get();
    return Repository::open(std::move(wrapped), keys_, {role}, {});
  }
  void write(const std::string& name, std::size_t size) {
    fs::create_directories((source_ / name).parent_path());
    core::write_file_atomically(source_ / name,
                                std::string(core::as_text(core::random_bytes(size))));
  }
  BackupRequest request(const fs::path& state) const {
    BackupRequest wanted;
    wanted.job = "tei";
    wanted.roots = {source_};
    wanted.state = state;
    return wanted;
  }
  SnapshotName back_up_to(ObjectStore& store, const fs::path& state) {
    auto repository = open(store, Role::writer);
    return back_up(repository, request(state), {}).snapshot;
  }
  Tree restored_from(ObjectStore& store, const std::string& snapshot) {
    return restored_tree(open(store, Role::reader), snapshot, source_);
  }
  void expect_whole(ObjectStore& store) { backupd::expect_whole(open(store, Role::reader)); }
  PruneReport prune_in(const Repository& repository) {
    PruneOptions options;
    options.machine = "hub";
    options.grace = std::chrono::seconds(0);
    options.spool = folder_.path();
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    return prune(repository, index, options, {});
  }
  // Calls `attempt` with a plan that kills it at call 1, 2, … until none is left to be killed; it
  // says whether the plan struck.
  static void at_every_call(const std::function<bool(const storage::FaultPlan&)>& attempt) {
    for (const auto moment : {FaultMoment::before, FaultMoment::after}) {
      std::uint64_t struck = 0;
      for (std::uint64_t call = 1;; ++call) {
        storage::FaultPlan plan;
        plan.call = call;
        plan.moment = moment;
        plan.kill = true;
        SCOPED_TRACE(::testing::Message() << "call " << call);
        if (!attempt(plan)) break;
        ++struck;
      }
      EXPECT_GT(struck, 5u);
    }
  }

  // Whoever waits in a store may be asked to stop; nothing is known then of what was asked for.
  void expect_stops_at_every_call(Role role,
                                  const std::function<void(const Repository&)>& command) {
    for (std::uint64_t call = 1;; ++call) {
      SCOPED_TRACE(::testing::Message() << "call " << call);
      const auto store = copy_of(*store_);
      auto wrapped = std::make_unique<FaultyStore>(*store);
      const auto* faulty = wrapped.get();
      wrapped->arm({.call = call, .kind = storage::FaultKind::cancelled});
      try {
        const auto repository = Repository::open(std::move(wrapped), keys_, {role}, {});
        command(repository);
        EXPECT_FALSE(faulty->has_fired()) << "it went on";
        EXPECT_GT(call, 5u);
        return;
      } catch (const core::Cancelled&) { // as it should be
      }
    }
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  fs::path source_ = folder_.path() / "source";
  std::unique_ptr<ObjectStore> store_ = test::make_store();
};

TEST_F(Crash, WhatIsStoppedFindsNoDamage) {
  write("kept", 300'000);
  const auto state = folder_.path() / "state";
  back_up_to(*store_, state);
  write("kept", 300'000);
  back_up_to(*store_, state);
  VerifyOptions options;
  options.read_data = true;
  for (const auto role : {Role::reader, Role::maintainer}) {
    expect_stops_at_every_call(role, [&](const Repository& repository) {
      const core::TemporaryDirectory scratch;
      ChunkIndex index(scratch.path());
      verify(repository, index, options, {});
    });
  }
  expect_stops_at_every_call(Role::maintainer,
                             [&](const Repository& repository) { prune_in(repository); });
}

TEST_F(Crash, OfABackupLosesNothing) {
  write("kept", 300'000);
  write("changed", 200'000);
  const auto state = folder_.path() / "state";
  const auto first = back_up_to(*store_, state);
  const auto first_tree = describe_tree(source_);
  write("changed", 200'000);
  write("new", 100'000);
  const auto tree = describe_tree(source_);
  at_every_call([&](const storage::FaultPlan& plan) {
    const auto store = copy_of(*store_);
    const core::TemporaryDirectory scratch;
    fs::copy(state, scratch.path() / "state", fs::copy_options::recursive);
    bool fired = false;
    {
      FaultyStore* faulty = nullptr;
      auto repository = open(*store, Role::writer, &faulty);
      faulty->arm(plan);
      try {
        back_up(repository, request(scratch.path() / "state"), {});
      } catch (const core::Error&) {
      }
      fired = faulty->has_fired();
    }
    expect_whole(*store);
    EXPECT_TRUE(restored_from(*store, core::to_hex(first)) == first_tree);
    back_up_to(*store, scratch.path() / "state");
    EXPECT_TRUE(restored_from(*store, "latest") == tree);
    return fired;
  });
}

TEST_F(Crash, OfAPruneLosesNothing) {
  const auto state = folder_.path() / "state";
  std::vector<SnapshotName> snapshots;
  std::vector<Tree> trees;
  for (int round = 0; round < 4; ++round) {
    write("in all", 200'000 + (round == 0 ? 1 : 0));
    for (int each = 0; each < 5; ++each) write("changing/" + std::to_string(each), 300'000);
    if (round == 0) write("once", 2'000'000);
    if (round == 1) fs::remove(source_ / "once");
    snapshots.push_back(back_up_to(*store_, state));
    trees.push_back(describe_tree(source_));
  }
  store_->remove(snapshot_object_name(snapshots[0]));
  store_->remove(snapshot_object_name(snapshots[2]));
  at_every_call([&](const storage::FaultPlan& plan) {
    const auto store = copy_of(*store_);
    bool fired = false;
    {
      FaultyStore* faulty = nullptr;
      const auto repository = open(*store, Role::maintainer, &faulty);
      faulty->arm(plan);
      try {
        prune_in(repository);
      } catch (const core::Error&) {
      }
      fired = faulty->has_fired();
    }
    expect_whole(*store);
    EXPECT_TRUE(restored_from(*store, core::to_hex(snapshots[1])) == trees[1]);
    prune_in(open(*store, Role::maintainer));
    prune_in(open(*store, Role::maintainer));
    expect_whole(*store);
    EXPECT_TRUE(restored_from(*store, core::to_hex(snapshots[3])) == trees[3]);
    std::uint64_t bytes = 0;
    store->list("packs/", [&](const auto& info) { bytes += info.size; });
    EXPECT_LT(bytes, 4'500'000u) << "what nobody needs is gone in the end";
    return fired;
  });
}

TEST_F(Crash, OfARestoreLeavesWhatTheNextOneFinishes) {
  make_tree(source_);
  back_up_to(*store_, folder_.path() / "state");
  const auto tree = describe_tree(source_);
  const core::TemporaryDirectory scratch;
  std::vector<Finding> findings;
  int round = 0;
  at_every_call([&](const storage::FaultPlan& plan) {
    FaultyStore* faulty = nullptr;
    const auto repository = open(*store_, Role::reader, &faulty);
    ChunkIndex index(scratch.path() / ("index" + std::to_string(round)));
    repository.update(index, findings);
    const auto snapshot = repository.find_snapshot("latest");
    RestoreRequest wanted;
    wanted.target = scratch.path() / ("target" + std::to_string(round++));
    const auto restore_now = [&] {
      SnapshotReader reader(repository, index, snapshot);
      return restore(reader, wanted, {});
    };
    faulty->arm(plan);
    try {
      restore_now();
    } catch (const core::Error&) {
    }
    const bool fired = faulty->has_fired();
    faulty->disarm();
    wanted.options.overwrite = Overwrite::if_changed;
    EXPECT_TRUE(restore_now().problems.empty());
    EXPECT_TRUE(describe_tree(wanted.target / source_.relative_path()) == tree);
    return fired;
  });
  // Folders without write permission would keep an ordinary user's folder from being removed.
  for (const auto& root : {scratch.path(), source_}) {
    for (const auto& entry : fs::recursive_directory_iterator(root))
      if (entry.is_directory() && !entry.is_symlink()) fs::permissions(entry, fs::perms::owner_all);
  }
}

} // namespace
} // namespace intendance::backupd
