// SPDX-License-Identifier: AGPL-3.0-or-later
// Backup, restore and verification together, on real trees and a real store.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "core/error.hpp"
#include "tests/backupd/tree.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

class Engine : public ::testing::Test {
protected:
  Engine() : keys_(folder_.path() / "keys") {
    Repository::initialise(*open_store(), keys_, "web-1", core::system_clock().now());
  }
  ~Engine() override {
    // Folders without write permission would keep an ordinary user's folder from being removed.
    for (const auto& entry : fs::recursive_directory_iterator(
             folder_.path(), fs::directory_options::skip_permission_denied)) {
      if (entry.is_directory() && !entry.is_symlink()) fs::permissions(entry, fs::perms::owner_all);
    }
  }

  std::unique_ptr<storage::ObjectStore> open_store() {
    return storage::open_directory_store(folder_.path() / "store");
  }
  Repository open(Role role) {
    return Repository::open(open_store(), keys_, {role}, folder_.path() / "memory");
  }

  BackupRequest request() {
    BackupRequest wanted;
    wanted.machine = "web-1";
    wanted.job = "tei";
    wanted.roots = {source_};
    wanted.state = folder_.path() / "state";
    return wanted;
  }
  BackupResult back_up_now(const BackupRequest& wanted) {
    auto repository = open(Role::writer);
    return back_up(repository, wanted, {});
  }
  RestoreResult restore_now(const std::string& snapshot, const fs::path& target,
                            const std::vector<std::string>& paths = {}) {
    const auto repository = open(Role::reader);
    std::vector<Finding> findings;
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    repository.update(index, findings);
    SnapshotReader reader(repository, index, repository.find_snapshot(snapshot));
    RestoreRequest wanted;
    wanted.target = target;
    wanted.paths = PathFilter(paths);
    return restore(reader, wanted, {});
  }
  VerifyReport verify_now(Role role) {
    const auto repository = open(role);
    VerifyOptions options;
    options.read_data = true;
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    return verify(repository, index, options, {});
  }
  void write(const fs::path& path, std::string_view content) {
    fs::create_directories(path.parent_path());
    core::write_file_atomically(path, content);
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  fs::path source_ = folder_.path() / "source";
  fs::path target_ = folder_.path() / "target";
  fs::path restored_ = target_ / source_.relative_path();
};

TEST_F(Engine, BringsEverythingBack) {
  make_tree(source_);
  const auto result = back_up_now(request());
  for (const auto& warning : result.warnings)
    ADD_FAILURE_AT(__FILE__, __LINE__) << warning.path << ": " << warning.message;
  const auto restored = restore_now("latest", target_);
  for (const auto& problem : restored.problems)
    ADD_FAILURE() << problem.path << ": " << problem.message;
  EXPECT_EQ(describe_tree(restored_), describe_tree(source_));
  EXPECT_TRUE(verify_now(Role::reader).findings.empty());
  EXPECT_TRUE(verify_now(Role::maintainer).findings.empty());
}

// Whatever the roots are called, and wherever a dump stands among the files.
TEST_F(Engine, TakesSeveralSourcesInOrder) {
  write(source_ / "a/1", "one");
  write(source_ / "m/2", "two");
  write(source_ / "z/3", "three");
  fs::create_directory_symlink(source_ / "z", source_ / "b");
  auto wanted = request();
  wanted.roots = {source_ / "b/3", source_ / "m/", source_ / "a", source_ / "m/2"};
  const auto dump = (source_ / "m/1.dump").string();
  wanted.streams.push_back({dump, [](const auto& sink) { sink(core::as_bytes("dumped")); }});
  back_up_now(wanted);
  EXPECT_TRUE(verify_now(Role::reader).findings.empty());
  EXPECT_TRUE(restore_now("latest", target_).problems.empty());
  EXPECT_EQ(core::read_file(restored_ / "m/1.dump"), "dumped");
  EXPECT_EQ(core::read_file(restored_ / "m/2"), "two");
  EXPECT_EQ(core::read_file(restored_ / "z/3"), "three");
  EXPECT_EQ(core::read_file(restored_ / "a/1"), "one");
  // Two of one name would make a list that cannot be read.
  wanted.streams.push_back(wanted.streams.front());
  EXPECT_THROW(back_up_now(wanted), core::Error);
}

TEST_F(Engine, AnIndexOnThisMachineThatIsDamagedIsMadeAgain) {
  // It is kept once there are enough index objects in the repository.
  for (int each = 0; each < 20; ++each) {
    write(source_ / std::to_string(each), core::to_hex(core::random_bytes(20'000)));
    back_up_now(request());
  }
  int damaged = 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder_.path() / "state/index")) {
    if (entry.path().filename() != "chunks") continue;
    auto bytes = core::read_file(entry.path(), 1u << 30);
    bytes[10] ^= 1; // of the first page
    core::write_file_atomically(entry.path(), bytes);
    ++damaged;
  }
  ASSERT_EQ(damaged, 1);
  fs::remove_all(folder_.path() / "state/manifests");
  EXPECT_LT(back_up_now(request()).header.new_bytes, 10'000u);
  EXPECT_TRUE(verify_now(Role::reader).findings.empty());
}

TEST_F(Engine, RestoringTwiceChangesNothing) {
  make_tree(source_);
  back_up_now(request());
  restore_now("latest", target_);
  EXPECT_TRUE(restore_now("latest", target_).problems.empty());
  EXPECT_EQ(describe_tree(restored_), describe_tree(source_));
}

TEST_F(Engine, CountsWhatIsNewChangedAndUnchanged) {
  auto wanted = request();
  wanted.roots.emplace_back(FIXTURES); // older than the clock's grain
  write(source_ / "a", "one");
  const auto first = back_up_now(wanted);
  EXPECT_GT(first.header.files, 10u);
  EXPECT_EQ(first.new_files, first.header.files);
  EXPECT_EQ(first.changed_files + first.unchanged_files, 0u);
  EXPECT_EQ(first.read_bytes, first.header.bytes);
  write(source_ / "a", "three");
  write(source_ / "b", "four");
  fs::create_hard_link(source_ / "b", source_ / "c");
  const auto second = back_up_now(wanted);
  EXPECT_EQ(second.new_files, 2u);
  EXPECT_EQ(second.changed_files, 1u);
  EXPECT_EQ(second.unchanged_files, first.header.files - 1);
  EXPECT_EQ(second.read_bytes, 9u);
}

TEST_F(Engine, StoresNothingTwice) {
  make_tree(source_);
  const auto first = back_up_now(request());
  const auto second = back_up_now(request());
  EXPECT_EQ(second.header.files, first.header.files);
  EXPECT_LT(second.header.new_bytes, 100'000u);
  EXPECT_EQ(second.header.sequence, 2u);
  EXPECT_EQ(second.header.previous, first.snapshot);
  // Without what makes it quick, too.
  fs::remove_all(folder_.path() / "state");
  EXPECT_LT(back_up_now(request()).header.new_bytes, 100'000u);
}

TEST_F(Engine, SeesEveryKindOfChange) {
  write(source_ / "kept", "kept");
  write(source_ / "edited", "one");
  write(source_ / "removed", "x");
  back_up_now(request());
  write(source_ / "edited", "two");
  fs::remove(source_ / "removed");
  write(source_ / "added", "new");
  const auto second = back_up_now(request());
  restore_now("latest", target_);
  EXPECT_EQ(describe_tree(restored_), describe_tree(source_));
  EXPECT_EQ(second.header.files, 3u);
}

// Same size and same time stamps as far as they can be set: the change time still tells.
TEST_F(Engine, SeesAChangeThatHidesItsTime) {
  write(source_ / "file", "one");
  const timespec old[2] = {{1'000'000'000, 0}, {1'000'000'000, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (source_ / "file").c_str(), old, 0), 0);
  back_up_now(request());
  {
    const auto file = core::open_file(source_ / "file", O_WRONLY);
    core::write_all(file.get(), core::as_bytes("two"));
  }
  ASSERT_EQ(::utimensat(AT_FDCWD, (source_ / "file").c_str(), old, 0), 0);
  back_up_now(request());
  restore_now("latest", target_);
  EXPECT_EQ(core::read_file(restored_ / "file"), "two");
}

TEST_F(Engine, RestoresOnlyWhatIsAskedWithTheFoldersAboveIt) {
  make_tree(source_);
  back_up_now(request());
  const auto wanted = (source_ / "deep/er").string();
  const auto restored = restore_now("latest", target_, {wanted});
  EXPECT_TRUE(fs::exists(restored_ / "deep/er/large"));
  EXPECT_FALSE(fs::exists(restored_ / "small.xml"));
  EXPECT_FALSE(fs::exists(restored_ / "deep/lettre-0001.xml"));
  EXPECT_EQ(describe_tree(restored_ / "deep/er"), describe_tree(source_ / "deep/er"));
  EXPECT_TRUE(restored.problems.empty());
}

TEST_F(Engine, AFurtherNameAloneStillHasItsContents) {
  make_tree(source_);
  back_up_now(request());
  restore_now("latest", target_, {(source_ / "zz third name").string()});
  EXPECT_EQ(core::read_file(restored_ / "zz third name"), "<TEI>é</TEI>");
}

TEST_F(Engine, LeavesOutWhatIsExcluded) {
  write(source_ / "a.tmp", "x");
  write(source_ / "cache/b", "x");
  write(source_ / "kept/cache.txt", "x");
  auto wanted = request();
  wanted.walk.exclude = {"*.tmp", source_.string() + "/cache"};
  EXPECT_EQ(back_up_now(wanted).header.files, 1u);
}

TEST_F(Engine, NamesWhatItCouldNotRead) {
  write(source_ / "secret", "x");
  fs::permissions(source_ / "secret", fs::perms::none);
  // Root reads everything, so for a moment it is somebody else, whom all of this belongs to.
  const bool root = ::geteuid() == 0;
  constexpr uid_t nobody = 65534;
  if (root) {
    ASSERT_EQ(::chown(folder_.path().c_str(), nobody, nobody), 0);
    for (const auto& entry : fs::recursive_directory_iterator(folder_.path())) {
      ASSERT_EQ(::lchown(entry.path().c_str(), nobody, nobody), 0);
    }
    ASSERT_EQ(::seteuid(nobody), 0);
  }
  const auto result = back_up_now(request());
  if (root) {
    ASSERT_EQ(::seteuid(0), 0);
  }
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_EQ(result.warnings[0].path, (source_ / "secret").string());
  EXPECT_NE(result.warnings[0].message.find("Permission denied"), std::string::npos);
}

TEST_F(Engine, KeepsAStreamOrNothing) {
  auto wanted = request();
  wanted.roots.clear();
  const std::string dump(3'000'000, 'd');
  wanted.streams = {{"/databases/x.dump", [&](const auto& sink) { sink(core::as_bytes(dump)); }}};
  back_up_now(wanted);
  restore_now("latest", target_);
  EXPECT_EQ(core::read_file(target_ / "databases/x.dump"), dump);

  wanted.streams = {{"/databases/x.dump", [](const auto& sink) {
                       sink(core::as_bytes("half"));
                       throw core::Error("the database is gone");
                     }}};
  EXPECT_THROW(back_up_now(wanted), core::Error);
  std::vector<Finding> findings;
  EXPECT_EQ(open(Role::reader).snapshots(findings).size(), 1u);
}

TEST_F(Engine, AMissingRootCostsTheOthersNothing) {
  write(source_ / "file", "x");
  auto wanted = request();
  wanted.roots.push_back(folder_.path() / "gone");
  const auto result = back_up_now(wanted);
  EXPECT_EQ(result.header.files, 1u);
  ASSERT_EQ(result.warnings.size(), 1u);
  EXPECT_EQ(result.warnings[0].path, (folder_.path() / "gone").string());
}

TEST_F(Engine, RefusesARootThatIsNotThere) {
  try {
    back_up_now(request());
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find(source_.string()), std::string::npos);
  }
}

TEST_F(Engine, StopsWhenAskedAndGoesOnLater) {
  make_tree(source_);
  std::stop_source stop;
  auto repository = open(Role::writer);
  auto wanted = request();
  // Comes when the files before it are stored, among the others.
  wanted.streams.push_back({(source_ / "m.sql").string(), [&](const auto& sink) {
                              stop.request_stop();
                              sink(core::as_bytes("too late"));
                            }});
  EXPECT_THROW(back_up(repository, wanted, stop.get_token()), core::Cancelled);
  EXPECT_TRUE(verify_now(Role::reader).findings.empty());
  back_up_now(request());
  restore_now("latest", target_);
  EXPECT_EQ(describe_tree(restored_), describe_tree(source_));
}

// Fails one call; the calls before and after it go to a real store.
class FaultyStore final : public storage::ObjectStore {
public:
  FaultyStore(std::unique_ptr<ObjectStore> store, int failing)
      : store_(std::move(store)), failing_(failing) {}
  void put(const std::string& name, const storage::Content& content) override {
    count();
    store_->put(name, content);
  }
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    count();
    return store_->get(name, most);
  }
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    count();
    return store_->read(name, offset, into);
  }
  void list(const std::string& prefix,
            const std::function<void(const storage::ObjectInfo&)>& visit) override {
    count();
    store_->list(prefix, visit);
  }
  std::optional<storage::ObjectInfo> head(const std::string& name) override {
    return store_->head(name);
  }
  void remove(const std::string& name) override { store_->remove(name); }
  std::string address() const override { return "faulty:"; }
  bool failed() const { return calls_ > failing_; }

private:
  void count() {
    if (calls_++ == failing_) throw core::Error("no space left on the store");
  }
  std::unique_ptr<ObjectStore> store_;
  int failing_, calls_ = 0;
};

// Whichever request fails, the backup says so or commits all of it; nothing in between.
TEST_F(Engine, SurvivesTheFailureOfAnyRequest) {
  write(source_ / "small", "small");
  write(source_ / "large", core::to_hex(core::random_bytes(400'000)));
  bool failed = true;
  int failures = 0;
  for (int failing = 0; failed; ++failing) {
    // From the same beginning each time: what a broken run leaves would be read by the next.
    fs::remove_all(folder_.path() / "store");
    fs::remove_all(folder_.path() / "state");
    fs::remove_all(folder_.path() / "memory");
    Repository::initialise(*open_store(), keys_, "web-1", core::system_clock().now());
    write(source_ / "small", "small");
    back_up_now(request());
    write(source_ / "small", "changed");
    auto store = std::make_unique<FaultyStore>(open_store(), failing);
    const auto& watched = *store;
    std::string message;
    try {
      auto repository = Repository::open(std::move(store), keys_, {Role::writer}, {});
      const auto result = back_up(repository, request(), {});
      failed = watched.failed();
      EXPECT_FALSE(failed && result.findings.empty())
          << "request " << failing << " failed in silence";
      EXPECT_TRUE(result.warnings.empty());
    } catch (const core::Error& error) {
      ++failures;
      message = error.what();
      EXPECT_NE(message.find("no space left on the store"), std::string::npos) << message;
    }
    const auto report = verify_now(Role::reader);
    EXPECT_TRUE(report.findings.empty())
        << report.findings.front().object << report.findings.front().message;
  }
  EXPECT_GT(failures, 5);
  restore_now("latest", target_);
  EXPECT_EQ(describe_tree(restored_), describe_tree(source_));
}

TEST_F(Engine, TwoJobsAtOnceMakeOneChain) {
  write(source_ / "file", "x");
  {
    std::vector<std::jthread> jobs;
    for (int each = 0; each < 4; ++each) {
      jobs.emplace_back([this, each] {
        auto wanted = request();
        wanted.job = "job-" + std::to_string(each);
        back_up_now(wanted);
      });
    }
  }
  const auto report = verify_now(Role::reader);
  EXPECT_EQ(report.snapshots, 4u);
  EXPECT_TRUE(report.remarks.empty());
  EXPECT_TRUE(report.findings.empty());
}

TEST_F(Engine, NoticesThatItsNewestSnapshotWasRemoved) {
  write(source_ / "file", "x");
  back_up_now(request());
  const auto newest = snapshot_object_name(back_up_now(request()).snapshot);
  open_store()->remove(newest);
  const auto result = back_up_now(request());
  EXPECT_EQ(result.header.sequence, 3u);
  ASSERT_EQ(result.findings.size(), 1u);
  EXPECT_EQ(result.findings[0].object, newest);
}

// The machine's own keys: nothing of what is stored can be read with them.
TEST_F(Engine, TheMachineItselfCannotRestore) {
  write(source_ / "file", "secret");
  back_up_now(request());
  for (const char* key : {"owner.key", "reader.key", "maintenance.key"})
    fs::remove(keys_.path() / key);
  EXPECT_THROW(open(Role::reader), core::ConfigError);
  const auto repository = open(Role::writer);
  const auto snapshot = repository.find_snapshot("latest");
  EXPECT_THROW(repository.body(snapshot), core::AccessDenied);
}

TEST_F(Engine, FindsSnapshotsByTheBeginningOfTheirIds) {
  write(source_ / "file", "x");
  const auto id = core::to_hex(back_up_now(request()).snapshot);
  const auto repository = open(Role::reader);
  EXPECT_EQ(core::to_hex(repository.find_snapshot(id.substr(0, 8)).name), id);
  for (const std::string& wanted :
       {std::string(""), id.substr(0, 3), std::string("zzzz"), id + "0"}) {
    EXPECT_THROW(repository.find_snapshot(wanted), core::ConfigError) << wanted;
  }
}

} // namespace
} // namespace intendance::backupd
