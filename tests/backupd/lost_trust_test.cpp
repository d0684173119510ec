// SPDX-License-Identifier: AGPL-3.0-or-later
// Trust objects that are gone from the store, the newest or all of them.
#include "tests/backupd/replay_fixture.hpp"

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

class OlderTrust : public Replay {
protected:
  OlderTrust() {
    write("file");
    first_ = back_up_now();
    tree_ = describe_tree(source_);
    auto next =
        next_version(find_trust(*store_, keys_.owner_public(), {}), core::system_clock().now());
    next.grace = std::chrono::hours(1);
    store_trust(*store_, next, *keys_.owner(), *keys_.reader());
    open(Role::reader, memory_); // and so the machine has seen it
    write("newer");
    second_ = back_up_now();
    newer_tree_ = describe_tree(source_);
    store_->remove("trust/00000002");
  }
  fs::path memory_ = folder_.path() / "memory";
  SnapshotName first_{}, second_{};
  Tree tree_, newer_tree_;
};

TEST_F(OlderTrust, IsRefusedByWhoeverHasSeenTheNewer) {
  for (const auto role : {Role::reader, Role::maintainer, Role::writer}) {
    try {
      open(role, memory_);
      ADD_FAILURE() << "took the older one";
    } catch (const core::AccessDenied& error) {
      EXPECT_TRUE(says(error.what(), "has seen version 2"));
      EXPECT_TRUE(says(error.what(), "restore-trust"));
    }
  }
  EXPECT_EQ(put_back_trust(*store_, keys_.owner_public(), memory_), "trust/00000002");
  EXPECT_EQ(open(Role::reader, memory_).trust().version, 2u);
  expect_whole();
  expect_restores(second_, newer_tree_);
}

TEST_F(OlderTrust, IsNamedByWhoeverHasNot) {
  EXPECT_TRUE(says(told(), "trust/00000002: is gone"));
  expect_restores(first_, tree_);
  expect_restores(second_, newer_tree_);
  // Another writer may have been trusted since, whose snapshots would seem to be nobody's.
  const auto before = objects();
  try {
    prune_now();
    ADD_FAILURE() << "deletes what it knows nothing of";
  } catch (const core::Error& error) {
    EXPECT_TRUE(says(error.what(), "trust/00000002"));
  }
  EXPECT_EQ(objects(), before);
}

class NoTrust : public Replay {
protected:
  std::string opening(const fs::path& memory) {
    try {
      open(Role::reader, memory);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "";
  }
  void lose_trust() {
    for (const auto& [name, content] : objects("trust/")) store_->remove(name);
  }
  fs::path memory_ = folder_.path() / "memory";
};

TEST_F(NoTrust, IsPutBackFromTheMachinesCopy) {
  write("file");
  const auto snapshot = back_up_now();
  open(Role::maintainer, memory_);
  lose_trust();
  const auto told = opening(memory_);
  EXPECT_TRUE(says(told, "is gone (nothing under trust/)"));
  EXPECT_TRUE(says(told, "restore-trust puts back the copy that this machine keeps"));
  EXPECT_FALSE(says(told, "init"));
  EXPECT_EQ(put_back_trust(*store_, keys_.owner_public(), memory_), "trust/00000001");
  expect_whole();
  expect_restores(snapshot, describe_tree(source_));
}

TEST_F(NoTrust, NobodyIsToldToMakeANewOneInItsPlace) {
  write("file");
  back_up_now();
  lose_trust();
  EXPECT_TRUE(says(opening({}), "is gone (nothing under trust/)"));
  EXPECT_FALSE(says(opening({}), "init"));
  EXPECT_THROW(Repository::initialise(*store_, keys_, "web-1", core::system_clock().now()),
               core::Error);
  EXPECT_EQ(objects("trust/").size(), 0u);
}

TEST_F(NoTrust, AnEmptyStoreIsOne) {
  lose_trust();
  EXPECT_TRUE(says(opening({}), "intendance repository init"));
}

} // namespace
} // namespace intendance::backupd
