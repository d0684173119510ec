// SPDX-License-Identifier: AGPL-3.0-or-later
// A restore target in which somebody else works too.
#include "backupd/engine/restore_target.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

class HostileTarget : public ::testing::Test {
protected:
  HostileTarget() {
    fs::create_directory(outside_);
    fs::create_directory(root_);
    core::write_file_atomically(outside_ / "victim", "untouched");
  }
  static Entry entry(FileType type = FileType::file) {
    Entry made;
    made.type = type;
    made.mode = type == FileType::directory ? 0755 : 0644;
    made.uid = ::getuid();
    made.gid = ::getgid();
    return made;
  }
  static void write_x(int descriptor) { core::write_all(descriptor, core::as_bytes("x")); }
  Entry one_byte() {
    auto made = entry();
    made.size = 1;
    return made;
  }

  core::TemporaryDirectory folder_;
  fs::path outside_ = folder_.path() / "outside", root_ = folder_.path() / "root";
  std::vector<std::string> problems_;
  RestoreTarget target_{root_, [this](const auto& path, const auto& message) {
                          problems_.push_back(path + message);
                        }};
};

TEST_F(HostileTarget, DoesNotFollowALinkInPlaceOfAFolder) {
  fs::create_symlink(outside_, root_ / "a");
  EXPECT_THROW(target_.make_file("a/victim", one_byte(), write_x), core::Error);
  EXPECT_THROW(target_.make_directory("a", entry(FileType::directory)), core::Error);
  EXPECT_EQ(core::read_file(outside_ / "victim"), "untouched");
}

TEST_F(HostileTarget, ReplacesALinkInPlaceOfAFile) {
  fs::create_symlink(outside_ / "victim", root_ / "a");
  target_.make_file("a", one_byte(), write_x);
  EXPECT_EQ(core::read_file(outside_ / "victim"), "untouched");
  EXPECT_FALSE(fs::is_symlink(root_ / "a"));
  EXPECT_EQ(core::read_file(root_ / "a"), "x");
}

TEST_F(HostileTarget, AFolderThatBecomesALinkMeanwhileIsStillTheFolder) {
  target_.make_directory("a", entry(FileType::directory));
  fs::rename(root_ / "a", root_ / "moved");
  fs::create_symlink(outside_, root_ / "a");
  target_.make_file("a/victim", one_byte(), write_x);
  EXPECT_EQ(core::read_file(outside_ / "victim"), "untouched");
  EXPECT_EQ(core::read_file(root_ / "moved/victim"), "x");
}

TEST_F(HostileTarget, DoesNotLinkToWhatIsOutside) {
  fs::create_symlink(outside_, root_ / "a");
  EXPECT_THROW(target_.make_hard_link("b", "a/victim"), core::Error);
}

TEST_F(HostileTarget, LeavesNothingOfAFileThatFailed) {
  EXPECT_THROW(target_.make_file("a", one_byte(), [](int) { throw core::Error("no more"); }),
               core::Error);
  fs::create_directory(root_ / "taken");
  EXPECT_THROW(target_.make_file("taken", one_byte(), write_x), core::Error);
  target_.finish();
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 1);
}

TEST_F(HostileTarget, LinkingTwiceLeavesNothingBehind) {
  target_.make_file("a", one_byte(), write_x);
  target_.make_hard_link("b", "a");
  target_.make_hard_link("b", "a");
  target_.finish();
  EXPECT_EQ(std::distance(fs::directory_iterator(root_), {}), 2);
  EXPECT_EQ(fs::hard_link_count(root_ / "a"), 2u);
}

TEST_F(HostileTarget, FoldersGetTheirModeWhenEverythingIsInThem) {
  auto locked = entry(FileType::directory);
  locked.mode = 0500;
  locked.modified = {1'000'000'000, 7};
  target_.make_directory("a", locked);
  target_.make_file("a/f", one_byte(), write_x);
  target_.finish();
  struct stat status {};
  ASSERT_EQ(::stat((root_ / "a").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0500u);
  EXPECT_EQ(status.st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(status.st_mtim.tv_nsec, 7);
  fs::permissions(root_ / "a", fs::perms::owner_all);
}

} // namespace
} // namespace intendance::backupd
