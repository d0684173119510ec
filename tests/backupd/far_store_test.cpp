// SPDX-License-Identifier: AGPL-3.0-or-later
// What is done ahead for a store that is far away: blocks that are fetched before they are wanted,
// several at once.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/restore.hpp"
#include "core/error.hpp"
#include "storage/fault_injection.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/backupd/whole.hpp"
#include "tests/support/far_store.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cstdio>
#include <fstream>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using storage::FaultyStore;

class FarStore : public ::testing::Test {
protected:
  FarStore() : keys_(folder_.path() / "keys") {
    Repository::initialise(*store_, keys_, "web-1", core::system_clock().now());
    make_tree(source_);
    for (int each = 0; each < 100; ++each) write("small/" + std::to_string(each), 3000);
    for (int each = 0; each < 3; ++each) write("large-" + std::to_string(each), 1'500'000);
    back_up_source();
  }
  void back_up_source() {
    auto repository = open(Role::writer);
    BackupRequest request;
    request.job = "tei";
    request.roots = {source_};
    request.state = folder_.path() / "machine";
    back_up(repository, request, {});
  }
  void write(const std::string& name, std::size_t size) {
    fs::create_directories((source_ / name).parent_path());
    core::write_file_atomically(source_ / name,
                                std::string(core::as_text(core::random_bytes(size))));
  }
  // Of what lies before the store: nothing, or one that fails.
  Repository open(Role role, storage::ObjectStore* before = nullptr) {
    return Repository::open(test::far_away(before != nullptr ? *before : *store_, 8), keys_, {role},
                            {});
  }
  RestoreResult restore_from(const Repository& repository) {
    fs::remove_all(target_);
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path() / "index");
    std::vector<Finding> findings;
    repository.update(index, findings);
    SnapshotReader reader(repository, index, repository.find_snapshot("latest"));
    RestoreRequest request;
    request.target = target_;
    return restore(reader, request, {});
  }

  core::TemporaryDirectory folder_;
  fs::path source_ = folder_.path() / "source", target_ = folder_.path() / "target";
  KeyFolder keys_;
  std::unique_ptr<storage::ObjectStore> store_ = storage::make_memory_store();
};

TEST_F(FarStore, BringsEverythingBack) {
  EXPECT_EQ(restored_tree(open(Role::reader), "latest", source_), describe_tree(source_));
}

TEST_F(FarStore, ThatFailsEndsTheRestoreAtWhicheverRequest) {
  for (std::uint64_t call = 1;; ++call) {
    FaultyStore faulty(*store_);
    storage::FaultPlan plan;
    plan.call = call;
    faulty.arm(plan);
    bool threw = false;
    try {
      restore_from(open(Role::reader, &faulty));
    } catch (const core::TransientError&) {
      threw = true;
    }
    if (!faulty.has_fired()) {
      EXPECT_GT(call, 8u);
      break;
    }
    EXPECT_TRUE(threw) << call;
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      EXPECT_EQ(entry.path().filename().string().find(".intendance"), std::string::npos)
          << entry.path();
    }
  }
}

TEST_F(FarStore, WhoseBytesAreDamagedCostsOnlyTheirFiles) {
  std::map<std::uint64_t, std::string> packs;
  store_->list("packs/", [&](const auto& info) { packs[info.size] = info.name; });
  const auto [size, name] = *packs.rbegin();
  auto bytes = *store_->get(name, size);
  bytes[size / 2] ^= 1;
  store_->remove(name);
  store_->put(name, bytes);
  const auto result = restore_from(open(Role::reader));
  ASSERT_FALSE(result.complete());
  EXPECT_LE(result.problems.size(), 100u) << "a block of small files at worst";
  auto expected = describe_tree(source_);
  for (const auto& problem : result.problems)
    expected.erase(problem.path.substr(source_.string().size() + 1));
  auto restored = describe_tree(target_ / source_.relative_path());
  EXPECT_EQ(restored, expected);
}

// Each file that waits holds its folder open.
TEST_F(FarStore, NeedsFewDescriptorsForManyFolders) {
  for (int each = 0; each < 400; ++each) {
    const auto folder = source_ / "folders" / std::to_string(each);
    fs::create_directories(folder);
    std::ofstream(folder / "file") << "the file in folder " << each;
  }
  back_up_source();
  const auto restore_with_few = [&] {
    const rlimit few{100, 100};
    if (::setrlimit(RLIMIT_NOFILE, &few) != 0) return 2;
    const auto result = restore_from(open(Role::reader));
    for (const auto& problem : result.problems)
      std::fprintf(stderr, "%s: %s\n", problem.path.c_str(), problem.message.c_str());
    return result.problems.empty() ? 0 : 1;
  };
  EXPECT_EXIT(std::_Exit(restore_with_few()), testing::ExitedWithCode(0), "");
}

TEST_F(FarStore, ThatIsStoppedMeanwhileLeavesNothingHalf) {
  std::stop_source stop;
  FaultyStore faulty(*store_);
  std::atomic<int> reads = 0;
  faulty.set_hook([&](const storage::StoreCall& call) {
    if (call.verb == storage::Verb::get && ++reads == 8) stop.request_stop();
  });
  const core::TemporaryDirectory scratch;
  const auto repository = open(Role::reader, &faulty);
  ChunkIndex index(scratch.path() / "index");
  std::vector<Finding> findings;
  repository.update(index, findings);
  SnapshotReader reader(repository, index, repository.find_snapshot("latest"));
  RestoreRequest request;
  request.target = target_;
  try {
    restore(reader, request, stop.get_token());
  } catch (const core::Cancelled&) {
  }
  const auto expected = describe_tree(source_);
  ASSERT_TRUE(fs::exists(target_ / source_.relative_path()));
  for (const auto& [path, description] : describe_tree(target_ / source_.relative_path())) {
    const bool is_ours = path.starts_with("large-") || path.starts_with("small/");
    if (is_ours) {
      EXPECT_EQ(expected.at(path), description) << path;
    }
  }
}

} // namespace
} // namespace intendance::backupd
