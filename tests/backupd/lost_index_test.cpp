// SPDX-License-Identifier: AGPL-3.0-or-later
// Restores from a store whose indexes are gone, or whose packs a prune moves meanwhile: what is in
// a pack is found.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/prune.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "core/error.hpp"
#include "storage/fault_injection.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/backupd/whole.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <mutex>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

class LostIndex : public ::testing::Test {
protected:
  LostIndex() : keys_(folder_.path() / "keys") {
    Repository::initialise(*store_, keys_, "web-1", core::system_clock().now());
    for (int round = 0; round < 3; ++round) {
      for (int each = 0; each < 4; ++each) write(name_of(round, each), 3'000);
      snapshots_.push_back(back_up_now());
      trees_.push_back(describe_tree(source_));
    }
  }

  static std::string name_of(int round, int each) {
    return "folder " + std::to_string(round) + "/file " + std::to_string(each);
  }
  void write(const std::string& name, std::size_t size) {
    fs::create_directories((source_ / name).parent_path());
    core::write_file_atomically(source_ / name,
                                std::string(core::as_text(core::random_bytes(size))));
  }
  Repository open(Role role) {
    return Repository::open(std::make_unique<storage::FaultyStore>(*store_), keys_, {role}, {});
  }
  std::string back_up_now() {
    auto repository = open(Role::writer);
    BackupRequest request;
    request.job = "tei";
    request.roots = {source_};
    request.state = folder_.path() / "state";
    return core::to_hex(back_up(repository, request, {}).snapshot);
  }
  std::map<std::string, core::Buffer> objects(const std::string& prefix) {
    std::map<std::string, core::Buffer> found;
    store_->list(prefix, [&](const storage::ObjectInfo& info) {
      found[info.name] = *store_->get(info.name, info.size);
    });
    return found;
  }
  // Whatever is worth rewriting or not: every pack is copied into another.
  void prune_now() {
    PruneOptions options;
    options.machine = "hub";
    options.grace = std::chrono::seconds(0);
    options.repack_below = 2;
    options.spool = folder_.path();
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    deleted_ += prune(open(Role::maintainer), index, options, {}).deleted;
  }
  // With a hook, on whatever thread it is called.
  using Hook = std::function<void(const storage::StoreCall&)>;
  Tree restored(std::size_t which, const Hook& hook) {
    auto store = std::make_unique<storage::FaultyStore>(*store_);
    auto& faulty = *store;
    const auto repository = Repository::open(std::move(store), keys_, {Role::reader}, {});
    faulty.set_hook(hook);
    return restored_tree(repository, snapshots_[which], source_);
  }
  void expect_all_restores() {
    for (std::size_t which = 0; which < snapshots_.size(); ++which)
      EXPECT_EQ(restored_tree(open(Role::reader), snapshots_[which], source_), trees_[which]);
  }
  std::string told_by_verify(Role role) {
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    VerifyOptions options;
    options.read_data = true;
    std::string told;
    const auto report = verify(open(role), index, options, {});
    for (const auto& each : report.findings) told += each.object + ": " + each.message + "\n";
    EXPECT_TRUE(report.damaged.empty());
    return told;
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  fs::path source_ = folder_.path() / "source";
  std::unique_ptr<storage::ObjectStore> store_ = storage::make_memory_store();
  std::vector<std::string> snapshots_;
  std::vector<Tree> trees_;
  std::atomic<std::size_t> deleted_ = 0; // packs, by all prunes
};

TEST_F(LostIndex, CostsNoFile) {
  const auto indexes = objects("indexes/");
  ASSERT_EQ(indexes.size(), 3u);
  for (const auto& [name, content] : indexes) {
    SCOPED_TRACE(name);
    store_->remove(name);
    expect_all_restores();
    for (const auto role : {Role::reader, Role::maintainer}) {
      const auto told = told_by_verify(role);
      EXPECT_NE(told.find("rebuild-index"), std::string::npos) << told;
    }
    store_->put(name, core::ByteView(content));
  }
  EXPECT_EQ(told_by_verify(Role::reader), "");
  for (const auto& [name, content] : indexes) store_->remove(name);
  expect_all_restores();
  EXPECT_NE(told_by_verify(Role::maintainer).find("rebuild-index"), std::string::npos);
}

// A machine keeps what indexes said; that one is gone makes it begin anew.
TEST_F(LostIndex, IsNoticedByWhoRemembersIt) {
  const core::TemporaryDirectory kept;
  const auto repository = open(Role::reader);
  std::vector<Finding> findings;
  ChunkIndex index(kept.path());
  repository.update(index, findings);
  const auto known = index.packs().size();
  for (const auto& [name, content] : objects("indexes/")) store_->remove(name);
  repository.update(index, findings);
  EXPECT_TRUE(index.packs().empty());
  SnapshotReader reader(repository, index, repository.find_snapshot("latest"));
  const auto path = name_of(1, 1);
  const auto entry = reader.find((source_ / path).string().substr(1));
  ASSERT_TRUE(entry);
  std::string content;
  reader.read(*entry, [&](core::ByteView bytes) { content += core::as_text(bytes); });
  EXPECT_EQ(content, core::read_file(source_ / path));
  EXPECT_EQ(index.packs().size(), known);
}

TEST_F(LostIndex, ABackupGoesOnWithoutIt) {
  for (const auto& [name, content] : objects("indexes/")) store_->remove(name);
  write("new", 1'000);
  snapshots_.push_back(back_up_now());
  trees_.push_back(describe_tree(source_));
  expect_all_restores();
}

// All that is lost is one reason to look again, not as many as there are files or packs.
TEST_F(LostIndex, IsLookedForOnce) {
  const auto packs = objects("packs/");
  ASSERT_GE(packs.size(), 6u);
  std::map<std::string, std::size_t> lists;
  std::atomic<std::size_t> gets = 0;
  const Hook count = [&](const storage::StoreCall& call) {
    if (call.verb == storage::Verb::list) ++lists[call.name];
    if (call.verb == storage::Verb::get) ++gets;
  };
  EXPECT_EQ(restored(2, count), trees_[2]);
  EXPECT_EQ(lists["packs/"], 0u) << "nothing is missing";
  const auto when_whole = lists["indexes/"];

  // Of every backup the pack with contents.
  for (const auto& [name, content] : packs) {
    const auto info = open(Role::reader).read_pack_info(*digest_of(name), content.size());
    if (info.directory.blocks.front().kind == ChunkKind::contents) store_->remove(name);
  }
  lists.clear();
  const core::TemporaryDirectory scratch;
  auto store = std::make_unique<storage::FaultyStore>(*store_);
  auto& faulty = *store;
  const auto repository = Repository::open(std::move(store), keys_, {Role::reader}, {});
  faulty.set_hook(count);
  std::vector<Finding> findings;
  ChunkIndex index(scratch.path() / "index");
  repository.update(index, findings);
  SnapshotReader reader(repository, index, repository.find_snapshot("latest"));
  RestoreRequest wanted;
  wanted.target = scratch.path() / "target";
  EXPECT_EQ(restore(reader, wanted, {}).problems.size(), 12u);
  EXPECT_LE(lists["packs/"], 2u);
  EXPECT_LE(lists["indexes/"], when_whole + 1);
}

TEST_F(LostIndex, APruneInTheMidstOfARestoreCostsNothing) {
  for (std::size_t which : {0, 2}) {
    bool done = false;
    for (std::size_t at = 1; !done; ++at) {
      SCOPED_TRACE("prune before get " + std::to_string(at));
      std::atomic<std::size_t> gets = 0;
      const auto tree = restored(which, [&](const storage::StoreCall& call) {
        if (call.verb == storage::Verb::get && ++gets == at) prune_now();
      });
      EXPECT_EQ(tree, trees_[which]);
      if (HasFailure()) return;
      done = gets < at;
      EXPECT_EQ(deleted_.exchange(0) > 1, !done);
    }
  }
}

// The restore can go on only because each of them leaves it time for some calls.
TEST_F(LostIndex, PrunesAgainAndAgainCostNothing) {
  for (const std::size_t every : {7, 10, 13}) {
    SCOPED_TRACE(every);
    std::atomic<std::size_t> gets = 0;
    std::size_t prunes = 0;
    std::mutex one; // two prunes at a time give each other up
    const auto tree = restored(2, [&](const storage::StoreCall& call) {
      if (call.verb != storage::Verb::get || ++gets % every != 0) return;
      const std::scoped_lock lock(one);
      if (++prunes <= 30) prune_now(); // a reader who looks again could be hindered for ever
    });
    EXPECT_EQ(tree, trees_[2]);
  }
  EXPECT_GT(deleted_, 20u);
}

TEST_F(LostIndex, APruneInTheMidstOfAVerifyIsNoLoss) {
  bool done = false;
  for (std::size_t at = 1; !done; ++at) {
    SCOPED_TRACE("prune before get " + std::to_string(at));
    std::atomic<std::size_t> gets = 0;
    auto store = std::make_unique<storage::FaultyStore>(*store_);
    auto& faulty = *store;
    const auto repository = Repository::open(std::move(store), keys_, {Role::maintainer}, {});
    faulty.set_hook([&](const storage::StoreCall& call) {
      if (call.verb == storage::Verb::get && ++gets == at) prune_now();
    });
    backupd::expect_whole(repository);
    if (HasFailure()) return;
    done = gets < at;
  }
}

} // namespace
} // namespace intendance::backupd
