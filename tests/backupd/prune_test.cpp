// SPDX-License-Identifier: AGPL-3.0-or-later
// Forgetting and pruning beside backups, on a real store.
#include "backupd/engine/upkeep.hpp"
#include "backupd/engine/verify.hpp"
#include "backupd/repository/announcements.hpp"
#include "core/error.hpp"
#include "core/sha256.hpp"
#include "tests/backupd/prune_fixture.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

TEST_F(Pruning, DeletesWhatOnlyForgottenSnapshotsNeeded) {
  write("kept", 3'000'000);
  write("old", 3'000'000);
  const auto first = back_up_now();
  fs::remove(source_ / "old");
  write("new", 2'000'000);
  back_up_now();
  EXPECT_EQ(prune_now().deleted, 0u);
  forget(first);
  const auto report = prune_now();
  EXPECT_EQ(report.snapshots, 1u);
  EXPECT_GT(report.rewritten + report.marked, 0u);
  expect_whole();
  expect_restores(describe_tree(source_));
  EXPECT_EQ(count("marks/"), 0u);
}

TEST_F(Pruning, TakesEverythingWhenNothingIsNeeded) {
  write("file", 2'000'000);
  const auto only = back_up_now();
  forget(only);
  const auto report = prune_now();
  EXPECT_GT(report.deleted, 0u);
  EXPECT_EQ(count("packs/"), 0u);
  EXPECT_EQ(count("indexes/"), 0u);
  // And the machine, which remembers where chunks were, does not build on them.
  back_up_now();
  expect_whole();
  expect_restores(describe_tree(source_));
}

TEST_F(Pruning, RewritesMostlyDeadPacksWithTheMaintenanceKeyAlone) {
  for (int each = 0; each < 12; ++each) write("f" + std::to_string(each), 1'200'000);
  const auto first = back_up_now();
  for (int each = 2; each < 12; ++each) fs::remove(source_ / ("f" + std::to_string(each)));
  back_up_now();
  forget(first);
  const auto report = prune_now();
  EXPECT_GT(report.rewritten, 0u);
  EXPECT_GT(report.deleted_bytes, 10'000'000u);
  expect_whole();
  expect_restores(describe_tree(source_));
  EXPECT_EQ(prune_now().marked, 0u) << "what was rewritten is not rewritten again";
}

TEST_F(Pruning, WaitsForTheGracePeriod) {
  write("file", 1'000'000);
  forget(back_up_now());
  const auto report = prune_now(std::chrono::hours(1));
  EXPECT_EQ(report.marked, 0u) << "packs that are younger";
  EXPECT_GT(prune_now(std::chrono::seconds(0), true).marked, 0u);
  EXPECT_EQ(count("marks/"), 0u) << "a dry run leaves nothing";
}

TEST_F(Pruning, LeavesRunningBackupsAlone) {
  write("file", 1'000'000);
  forget(back_up_now());
  {
    const auto repository = open(Role::writer);
    const Session running(repository, "web-1", "tei");
    const auto report = prune_now();
    EXPECT_EQ(report.sessions, 1u);
    EXPECT_EQ(report.deleted, 0u);
    EXPECT_FALSE(report.held_back.empty());
  }
  EXPECT_GT(prune_now().deleted, 0u);
}

// The next backup withdraws what a killed one left, when nothing of it can be on its way any more.
TEST_F(Pruning, SessionsOfKilledBackupsDoNotHoldItBackForLong) {
  const auto memory = session_memory(folder_.path() / "state", open(Role::writer));
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto repository = open(Role::writer);
    const Session killed(repository, "web-1", "tei", memory);
    ::_exit(0); // nothing is withdrawn
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  const auto repository = open(Role::writer);
  const Session alive(repository, "web-1", "other", memory);
  ASSERT_EQ(count("sessions/"), 2u);
  write("file", 1'000);
  back_up_now();
  EXPECT_EQ(count("sessions/"), 2u) << "too young";

  for (const auto& session : list_sessions(repository)) {
    const auto file = folder_.path() / "store" / session.object;
    fs::last_write_time(file, fs::last_write_time(file) - commit_limit - std::chrono::minutes(1));
  }
  back_up_now();
  const auto left = list_sessions(repository);
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].object, alive.object()) << "a backup that runs is left alone";
  EXPECT_EQ(std::distance(fs::directory_iterator(memory), fs::directory_iterator()), 1);
}

// A backup that finds marks does not build on what they name. The packs are kept all the same: that
// the chunks which were stored again are what their ids say, nobody sees with a maintenance key.
TEST_F(Pruning, ABackupStoresAgainWhatIsMarked) {
  write("file", 1'000'000);
  const auto first = back_up_now();
  forget(first);
  {
    const auto repository = open(Role::maintainer);
    std::vector<PackName> all;
    repository.store().list("packs/",
                            [&](const auto& info) { all.push_back(*digest_of(info.name)); });
    put_mark(repository, "hub", all);
  }
  const auto before = count("packs/");
  back_up_now();
  EXPECT_GT(count("packs/"), before);
  EXPECT_GT(prune_now().rescued, 0u);
  expect_whole();
  expect_restores(describe_tree(source_));
}

// Marked by mistake, or made needed by a backup that could not see the mark yet.
TEST_F(Pruning, RescuesWhatIsNeededAfterAll) {
  write("file", 1'000'000);
  back_up_now();
  {
    const auto repository = open(Role::maintainer);
    std::vector<PackName> all;
    repository.store().list("packs/",
                            [&](const auto& info) { all.push_back(*digest_of(info.name)); });
    put_mark(repository, "hub", all);
  }
  const auto report = prune_now();
  EXPECT_GT(report.rescued, 0u);
  EXPECT_EQ(report.deleted, report.rescued) << "what is marked goes, once it is copied";
  EXPECT_EQ(count("marks/"), 0u);
  expect_whole();
  expect_restores(describe_tree(source_));
}

// As two prunes that rewrite the same index may leave it.
TEST_F(Pruning, ABackupDoesNotBelieveAnIndexThatNamesWhatIsGone) {
  write("file", 1'000'000);
  forget(back_up_now());
  const auto store = open_store();
  std::vector<std::string> packs;
  store->list("packs/", [&](const auto& info) { packs.push_back(info.name); });
  for (const auto& pack : packs) store->remove(pack);
  back_up_now();
  expect_restores(describe_tree(source_));
  prune_now();
  back_up_now();
  expect_whole();
}

// Whoever stole a machine knows how to seal an index; nothing is deleted for what he says.
TEST_F(Pruning, BelievesNoForgedIndex) {
  write("file", 3'000'000);
  back_up_now();
  const auto repository = open(Role::writer);
  const core::TemporaryDirectory scratch;
  ChunkIndex index(scratch.path() / "index");
  std::vector<Finding> findings;
  repository.update(index, findings);
  std::vector<PackInfo> forged;
  for (const auto& pack : index.packs()) {
    PackInfo info{pack.name, pack.size, pack.directory_length, {}};
    info.directory = repository.read_directory(pack.name, pack.size, pack.directory_length);
    for (auto& chunk : info.directory.chunks) chunk.id[0] ^= 1;
    forged.push_back(std::move(info));
  }
  // Under names that come before and after that of the true one.
  for (int each = 0; each < 8; ++each) {
    const auto object = encode_index(forged, repository.secrets());
    repository.store().put(index_object_name(core::sha256(object)), ByteView(object));
  }
  EXPECT_EQ(prune_now().deleted, 0u);
  const auto reader = open(Role::reader);
  ChunkIndex verified(scratch.path() / "verified");
  const auto report = verify(reader, verified, {}, {});
  EXPECT_GE(report.findings.size(), 8u);
  EXPECT_TRUE(report.damaged.empty());
}

TEST_F(Pruning, DeletesNothingWhileSomethingIsMissing) {
  write("kept", 1'000'000);
  const auto first = back_up_now();
  write("new", 1'000'000);
  back_up_now();
  forget(first);
  // The largest pack of those that are needed.
  fs::path largest;
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "store/packs")) {
    if (entry.is_regular_file() && (largest.empty() || fs::file_size(largest) < entry.file_size()))
      largest = entry.path();
  }
  fs::remove(largest);
  EXPECT_THROW(prune_now(), core::Error);
}

TEST_F(Pruning, StopsWhenASnapshotCannotBeReadAndSaysWhatToDo) {
  write("file", 1'000'000);
  const auto first = back_up_now();
  write("file", 1'000'000);
  const auto second = back_up_now();
  const auto name = snapshot_object_name(first);
  const auto object = folder_.path() / "store" / name;
  auto bytes = core::read_file(object);
  bytes[100] ^= 1;
  core::write_file_atomically(object, bytes);
  try {
    prune_now();
    ADD_FAILURE() << "what it needs is not known";
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find(name + ": is not what its name says"),
              std::string::npos)
        << error.what();
    EXPECT_NE(std::string(error.what()).find("forget --damaged " + name), std::string::npos);
  }
  const auto repository = open(Role::maintainer);
  for (const auto& other : {snapshot_object_name(second), std::string("packs/none"),
                            std::string("snapshots/none"), std::string("indexes/none")})
    EXPECT_THROW(forget_damaged(repository, other), core::ConfigError) << other;
  forget_damaged(repository, name);
  EXPECT_GT(prune_now().deleted, 0u);
  expect_whole();
  expect_restores(describe_tree(source_));
}

// What cannot be a snapshot of anybody who is trusted does not hold a prune back.
TEST_F(Pruning, NamesJunkAmongSnapshotsAndGoesOn) {
  write("file", 1'000'000);
  forget(back_up_now());
  const auto store = open_store();
  // A snapshot with the signature of somebody else under the true writer's name.
  const auto repository = open(Role::writer);
  SnapshotHeader header;
  header.machine = "web-1";
  auto object = encode_snapshot(header, {}, begin_session(repository.trust()), repository.secrets(),
                                repository.writer(), repository.trust().repository);
  object.back() ^= 1;
  const auto forged = snapshot_object_name(core::sha256(object));
  store->put(forged, core::ByteView(object));
  store->put("snapshots/junk", core::as_bytes("x"));
  const auto report = prune_now();
  EXPECT_GT(report.deleted, 0u);
  for (const auto& name : {forged, std::string("snapshots/junk")}) {
    EXPECT_TRUE(std::any_of(report.findings.begin(), report.findings.end(), [&](const auto& each) {
      return each.object == name;
    })) << name;
  }
}

} // namespace
} // namespace intendance::backupd
