// SPDX-License-Identifier: AGPL-3.0-or-later
// Restores into folders that hold something already.
#include "core/error.hpp"
#include "tests/backupd/target_fixture.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <thread>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

constexpr auto older = FileTime{999'999'999, 0}, newer = FileTime{1'000'000'001, 0};

class RestoreOverwrite : public TargetTest {
protected:
  // What the next restore finds.
  void there(const std::string& path, const std::string& contents, FileTime modified) {
    write_file(root_ / path, contents);
    const timespec time{modified.seconds, static_cast<long>(modified.nanoseconds)};
    const timespec times[2] = {time, time};
    ASSERT_EQ(::utimensat(AT_FDCWD, (root_ / path).c_str(), times, 0), 0);
  }
  std::string contents(const std::string& path) { return core::read_file(root_ / path); }
};

TEST_F(RestoreOverwrite, AlwaysReplaces) {
  there("a", "old", newer);
  EXPECT_TRUE(put("a", "new"));
  EXPECT_EQ(contents("a"), "new");
  EXPECT_EQ(target_->kept(), 0u);
}

TEST_F(RestoreOverwrite, NeverKeepsWhatIsThere) {
  fs::create_directories(root_ / "folder");
  fs::create_symlink("old", root_ / "link");
  there("a", "old", older);
  open(Overwrite::never);
  EXPECT_FALSE(put("a", "new"));
  EXPECT_FALSE(put("folder", "new"));
  target_->make_special("link", entry(FileType::symbolic_link));
  EXPECT_TRUE(put("z", "new"));
  target_->finish();
  EXPECT_EQ(contents("a"), "old");
  EXPECT_EQ(contents("z"), "new");
  EXPECT_EQ(fs::read_symlink(root_ / "link"), "old");
  EXPECT_EQ(target_->kept(), 3u);
}

TEST_F(RestoreOverwrite, NeverKeepsWhatCameMeanwhile) {
  open(Overwrite::never);
  const auto file = target_->begin_file("a", entry());
  ASSERT_TRUE(file);
  there("a", "meanwhile", older);
  file->commit();
  EXPECT_EQ(contents("a"), "meanwhile");
  EXPECT_EQ(target_->kept(), 1u);
  EXPECT_EQ(files_in_root(), 1u);
}

TEST_F(RestoreOverwrite, IfNewerGoesByTheTimeOfModification) {
  there("a", "old", older);
  there("b", "same", {1'000'000'000, 7});
  there("c", "newer", newer);
  open(Overwrite::if_newer);
  EXPECT_TRUE(put("a", "new"));
  EXPECT_FALSE(put("b", "new"));
  EXPECT_FALSE(put("c", "new"));
  EXPECT_EQ(contents("a") + contents("b") + contents("c"), "newsamenewer");
}

TEST_F(RestoreOverwrite, IfChangedLeavesAloneWhatIsAsWanted) {
  auto link = entry(FileType::symbolic_link);
  link.link_target = "a";
  put("a", "one");
  target_->make_special("link", link);
  target_->finish();
  const auto before = status_of(root_ / "a").st_ino, link_before = status_of(root_ / "link").st_ino;
  open(Overwrite::if_changed);
  EXPECT_FALSE(put("a", "two"));
  target_->make_special("link", link);
  target_->finish();
  EXPECT_EQ(target_->kept(), 2u);
  EXPECT_EQ(status_of(root_ / "a").st_ino, before);
  EXPECT_EQ(status_of(root_ / "link").st_ino, link_before);
}

TEST_F(RestoreOverwrite, IfChangedReplacesWhateverDiffers) {
  const auto changed = [&](auto&& change) {
    put("a", "one");
    auto wanted = entry();
    change(wanted);
    open(Overwrite::if_changed);
    const bool replaced = put("a", "one", wanted);
    open();
    return replaced;
  };
  EXPECT_FALSE(changed([](Entry&) {}));
  EXPECT_TRUE(changed([](Entry& wanted) { wanted.mode = 0600; }));
  EXPECT_TRUE(changed([](Entry& wanted) { wanted.modified.nanoseconds = 8; }));
  EXPECT_TRUE(changed([&](Entry&) { there("a", "longer", {1'000'000'000, 7}); }));
  EXPECT_TRUE(changed([&](Entry&) {
    fs::remove(root_ / "a");
    fs::create_symlink("one", root_ / "a");
  }));
  if (::geteuid() == 0) {
    EXPECT_TRUE(changed([](Entry& wanted) { wanted.uid = 12; }));
    EXPECT_TRUE(changed([](Entry& wanted) { wanted.gid = 12; }));
  }
}

TEST_F(RestoreOverwrite, AnotherTargetOfALinkIsAChange) {
  auto link = entry(FileType::symbolic_link);
  link.link_target = "one";
  target_->make_special("link", link);
  open(Overwrite::if_changed);
  link.link_target = "one more";
  target_->make_special("link", link);
  EXPECT_EQ(fs::read_symlink(root_ / "link"), "one more");
}

TEST_F(RestoreOverwrite, AFolderIsNeverReplaced) {
  fs::create_directories(root_ / "a/precious");
  for (const auto overwrite : {Overwrite::always, Overwrite::if_changed, Overwrite::if_newer}) {
    open(overwrite);
    EXPECT_THROW(put("a", "new"), core::Error);
    EXPECT_THROW(target_->make_special("a", entry(FileType::fifo)), core::Error);
    put("b", "x");
    EXPECT_THROW(target_->make_hard_link("a", entry(), "b"), core::Error);
    EXPECT_EQ(files_in_root(), 2u);
  }
  EXPECT_TRUE(fs::exists(root_ / "a/precious"));
}

TEST_F(RestoreOverwrite, AFolderThatComesMeanwhileIsNotReplacedEither) {
  const auto file = target_->begin_file("a", entry());
  fs::create_directories(root_ / "a");
  EXPECT_THROW(file->commit(), core::Error);
}

TEST_F(RestoreOverwrite, FoldersThatStayKeepTheirAttributes) {
  fs::create_directory(root_ / "a");
  fs::permissions(root_ / "a", fs::perms::owner_all);
  open(Overwrite::never).make_directory("a", entry(FileType::directory));
  target_->finish();
  EXPECT_EQ(status_of(root_ / "a").st_mode & 07777, 0700u);
  open(Overwrite::if_newer).make_directory("a", entry(FileType::directory)); // is newer itself
  target_->finish();
  EXPECT_EQ(status_of(root_ / "a").st_mode & 07777, 0700u);
  open(Overwrite::if_changed).make_directory("a", entry(FileType::directory));
  target_->finish();
  EXPECT_EQ(status_of(root_ / "a").st_mode & 07777, 0755u);
}

TEST_F(RestoreOverwrite, LinksAgainWhatIsLinkedToAnOlderFile) {
  put("a", "old");
  target_->make_hard_link("b", entry(), "a");
  open(Overwrite::if_changed);
  auto wanted = entry();
  wanted.modified = newer;
  put("a", "new", wanted);
  EXPECT_TRUE(target_->make_hard_link("b", wanted, "a"));
  EXPECT_EQ(contents("b"), "new");
  EXPECT_EQ(files_in_root(), 2u);
}

// Or a further name would come back with the contents of a file that is not the snapshot's.
TEST_F(RestoreOverwrite, DoesNotLinkToAnotherFileThatWasKept) {
  there("a", "edited since", newer);
  open(Overwrite::never);
  EXPECT_FALSE(put("a", "x"));
  EXPECT_FALSE(target_->make_hard_link("b", entry(), "a"));
  EXPECT_FALSE(fs::exists(root_ / "b"));
}

TEST_F(RestoreOverwrite, RemovesWhatABrokenRestoreLeft) {
  fs::create_directory(root_ / "a");
  const std::string leftover = ".intendance-0123456789abcdef";
  const std::vector<std::string> others = {".intendance-0123456789abcdeg", ".intendance-",
                                           ".intendance-0123456789abcdef0", "intendance"};
  write_file(root_ / leftover, "half");
  write_file(root_ / "a" / leftover, "half");
  fs::create_symlink("x", root_ / "a/.intendance-fedcba9876543210");
  fs::create_directory(root_ / ".intendance-ffffffffffffffff");
  for (const auto& name : others) write_file(root_ / name, "somebody else's");
  // The clock that stamps files stands still for some milliseconds.
  const auto stamp = status_of(root_ / "intendance").st_ctim;
  const FileTime made{stamp.tv_sec, static_cast<std::uint32_t>(stamp.tv_nsec)};
  while (TargetServices::now() <= made) std::this_thread::yield();
  open(Overwrite::if_changed).make_directory("a", entry(FileType::directory));
  target_->finish();
  EXPECT_FALSE(fs::exists(root_ / leftover));
  EXPECT_TRUE(fs::is_empty(root_ / "a"));
  EXPECT_TRUE(fs::exists(root_ / ".intendance-ffffffffffffffff"));
  for (const auto& name : others) EXPECT_TRUE(fs::exists(root_ / name)) << name;
}

TEST_F(RestoreOverwrite, TwoRestoresAtOnceDoNotDisturbEachOther) {
  const auto file = target_->begin_file("a", entry(FileType::file, 1));
  file->write(core::as_bytes("x"), 0);
  const auto stamp = status_of(fs::directory_iterator(root_)->path()).st_ctim;
  const FileTime made{stamp.tv_sec, static_cast<std::uint32_t>(stamp.tv_nsec)};
  while (TargetServices::now() <= made) std::this_thread::yield();
  RestoreTarget other(root_, {}, [](const auto&, const auto&, Loss) {});
  other.finish();
  file->commit();
  EXPECT_EQ(contents("a"), "x");
}

// What an ordinary user could not set the first time is not a change the second time.
TEST_F(RestoreOverwrite, AnOrdinaryUserGoesOnToo) {
  target_.reset();
  fs::remove(root_);
  const OrdinaryUser user(folder_.path());
  open(Overwrite::if_changed);
  auto foreign = entry();
  foreign.uid = 12;
  foreign.mode = 04755;
  auto locked = entry(FileType::directory);
  locked.mode = 0100;
  for (int run = 0; run < 2; ++run) {
    open(Overwrite::if_changed).make_directory("a", locked);
    EXPECT_EQ(put("a/f", "x", foreign), run == 0);
    put("a/g" + std::to_string(run), "x");
    target_->finish();
    EXPECT_EQ(status_of(root_ / "a").st_mode & 07777, 0100u);
  }
  EXPECT_EQ(status_of(root_ / "a/f").st_mode & 07777, 0755u);
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_NE(problems_[0].find("/a/f: owner could not be set"), std::string::npos) << problems_[0];
}

// A folder that only leads to what is restored gets back what kept its owner out.
TEST_F(RestoreOverwrite, AFolderThatIsNotRestoredStaysAsItWas) {
  target_.reset();
  fs::remove(root_);
  const OrdinaryUser user(folder_.path());
  open();
  fs::create_directory(root_ / "a");
  fs::permissions(root_ / "a", fs::perms::owner_exec);
  put("a/f", "x");
  target_->finish();
  EXPECT_TRUE(fs::exists(root_ / "a/f"));
  EXPECT_EQ(status_of(root_ / "a").st_mode & 07777, 0100u);
}

} // namespace
} // namespace intendance::backupd
