// SPDX-License-Identifier: AGPL-3.0-or-later
// What a restore target makes of single entries.
#include "core/error.hpp"
#include "tests/backupd/target_fixture.hpp"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <thread>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

using RestoredFile = TargetTest;
using RestoredLinks = TargetTest;

TEST_F(RestoredFile, LeavesNothingOfAFileThatFailed) {
  {
    const auto file = target_->begin_file("a", entry(FileType::file, 1));
    file->write(core::as_bytes("x"), 0);
  }
  target_->finish();
  EXPECT_EQ(files_in_root(), 0u);
}

TEST_F(RestoredFile, IsNotThereBeforeItIsComplete) {
  const auto file = target_->begin_file("a", entry(FileType::file, 4));
  file->write(core::as_bytes("34"), 2);
  EXPECT_FALSE(fs::exists(root_ / "a"));
  file->write(core::as_bytes("12"), 0);
  file->commit();
  EXPECT_EQ(core::read_file(root_ / "a"), "1234");
}

TEST_F(RestoredFile, HolesStayHoles) {
  constexpr std::uint64_t size = 10'000'000;
  const auto file = target_->begin_file("a", entry(FileType::file, size));
  file->write(core::as_bytes("data"), 5'000'000);
  file->commit();
  const auto status = status_of(root_ / "a");
  EXPECT_EQ(static_cast<std::uint64_t>(status.st_size), size);
  EXPECT_LT(status.st_blocks * 512, 100'000);
}

TEST_F(RestoredFile, HasItsModeAndTime) {
  auto wanted = entry();
  wanted.mode = 06711;
  wanted.modified = {-86'400, 999'999'999};
  put("a", "x", wanted);
  const auto status = status_of(root_ / "a");
  EXPECT_EQ(status.st_mode & 07777, 06711u);
  EXPECT_EQ(modified_of(status), wanted.modified);
  auto link = entry(FileType::symbolic_link);
  link.link_target = std::string("\xff nowhere");
  link.modified = {-1, 5};
  target_->make_special("l", link);
  EXPECT_EQ(modified_of(status_of(root_ / "l")), link.modified);
  EXPECT_EQ(fs::read_symlink(root_ / "l").string(), link.link_target);
}

// user.* attributes cannot be set on what is read-only, not even by its owner.
TEST_F(RestoredFile, AReadOnlyFileHasItsAttributesToo) {
  target_.reset();
  fs::remove(root_);
  const OrdinaryUser user(folder_.path());
  open();
  auto wanted = entry();
  wanted.mode = 0444;
  wanted.attributes = {{"user.note", "x"}};
  put("a", "x", wanted);
  EXPECT_EQ(::getxattr((root_ / "a").c_str(), "user.note", nullptr, 0), 1);
  target_->finish();
  EXPECT_TRUE(problems_.empty());
}

// An access list as the kernel stores it: the owner, user 12, the group, the mask, all others.
std::string access_list() {
  const auto put = [](std::string& text, std::uint32_t value, int bytes) {
    for (; bytes > 0; --bytes, value >>= 8) text.push_back(static_cast<char>(value & 0xff));
  };
  std::string text;
  put(text, 2, 4);
  for (const auto& [tag, rights, id] : {std::tuple(0x01u, 7u, ~0u),
                                        {0x02u, 7u, 12u},
                                        {0x04u, 5u, ~0u},
                                        {0x10u, 7u, ~0u},
                                        {0x20u, 0u, ~0u}}) {
    put(text, tag, 2);
    put(text, rights, 2);
    put(text, id, 4);
  }
  return text;
}

TEST_F(RestoredFile, InheritsNoAccessListOfTheFolder) {
  const auto list = access_list();
  if (::setxattr(root_.c_str(), "system.posix_acl_default", list.data(), list.size(), 0) != 0)
    GTEST_SKIP() << "no access lists on this file system";
  open();
  put("a", "x");
  target_->make_directory("d", entry(FileType::directory));
  put("d/f", "x");
  auto listed = entry();
  listed.mode = 0770;
  listed.attributes = {{"system.posix_acl_access", list}};
  put("d/listed", "x", listed);
  target_->finish();
  for (const char* each : {"a", "d", "d/f"}) {
    EXPECT_EQ(::getxattr((root_ / each).c_str(), "system.posix_acl_access", nullptr, 0), -1)
        << each;
    EXPECT_EQ(status_of(root_ / each).st_mode & 0777,
              fs::is_directory(root_ / each) ? 0755u : 0644u);
  }
  EXPECT_EQ(::getxattr((root_ / "d").c_str(), "system.posix_acl_default", nullptr, 0), -1);
  char found[256];
  const auto length =
      ::getxattr((root_ / "d/listed").c_str(), "system.posix_acl_access", found, sizeof(found));
  EXPECT_EQ(std::string(found, static_cast<std::size_t>(std::max<ssize_t>(length, 0))), list);
  EXPECT_EQ(status_of(root_ / "d/listed").st_mode & 0777, 0770u);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(RestoredFile, CapabilitiesComeAfterTheOwner) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root sets capabilities";
  auto wanted = entry();
  wanted.uid = 12;
  wanted.attributes = {
      {"security.capability", std::string("\1\0\0\2\0\4\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 20)}};
  put("a", "x", wanted);
  EXPECT_EQ(::getxattr((root_ / "a").c_str(), "security.capability", nullptr, 0), 20);
  EXPECT_EQ(status_of(root_ / "a").st_uid, 12u);
}

TEST_F(RestoredFile, BelongsToWhomTheRulesSay) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root gives files away";
  open(Overwrite::always, {"0:0=12:13"});
  put("a", "x");
  EXPECT_EQ(status_of(root_ / "a").st_uid, 12u);
  EXPECT_EQ(status_of(root_ / "a").st_gid, 13u);
}

// What an ordinary user may not do is said once, and the rights of whoever restores are not given.
TEST_F(RestoredFile, AnOrdinaryUserRestoresWhatHeCan) {
  target_.reset();
  fs::remove(root_);
  const OrdinaryUser user(folder_.path());
  open();
  auto foreign = entry();
  foreign.uid = 12;
  foreign.gid = 13;
  foreign.mode = 06755;
  foreign.attributes = {{"security.capability", "x"}};
  for (const char* each : {"a", "b", "c"}) put(each, "x", foreign);
  EXPECT_THROW(target_->make_special("dev", entry(FileType::block_device)), core::Error);
  target_->finish();
  EXPECT_EQ(status_of(root_ / "a").st_mode & 07777, 0755u);
  ASSERT_EQ(problems_.size(), 2u);
  EXPECT_NE(problems_[0].find("/a: capabilities"), std::string::npos) << problems_[0];
  EXPECT_NE(
      problems_[1].find("/a: owner could not be set: Operation not permitted, nor of 2 other"),
      std::string::npos)
      << problems_[1];
  EXPECT_EQ(files_in_root(), 3u);
}

TEST_F(RestoredFile, AFolderThatNobodyMayWriteCostsOnlyItsFiles) {
  fs::create_directory(root_ / "a");
  const auto folder = core::open_file(root_ / "a", O_RDONLY | O_DIRECTORY);
  int flags = FS_IMMUTABLE_FL;
  if (::geteuid() != 0 || ::ioctl(folder.get(), FS_IOC_SETFLAGS, &flags) != 0)
    GTEST_SKIP() << "no immutable folders here";
  std::string message;
  try {
    put("a/f", "x");
  } catch (const core::Error& error) {
    message = error.what();
  }
  flags = 0;
  ASSERT_EQ(::ioctl(folder.get(), FS_IOC_SETFLAGS, &flags), 0);
  EXPECT_NE(message.find("/a/f"), std::string::npos) << message;
  EXPECT_TRUE(put("b", "x"));
}

TEST_F(RestoredFile, FoldersGetTheirModeWhenEverythingIsInThem) {
  auto locked = entry(FileType::directory);
  locked.mode = 0500;
  target_->make_directory("a", locked);
  auto late = target_->begin_file("a/late", entry());
  put("b", "x"); // the walk has left it
  EXPECT_EQ(status_of(root_ / "a").st_mode & 07777, 0700u);
  std::jthread([&] {
    late->commit();
    late.reset();
  }).join();
  const auto status = status_of(root_ / "a");
  EXPECT_EQ(status.st_mode & 07777, 0500u);
  EXPECT_EQ(modified_of(status), locked.modified);
}

TEST_F(RestoredFile, PathsMayBeLongerThanTheKernelTakes) {
  std::string path, folder(200, 'f');
  for (int depth = 0; depth < 30; ++depth) {
    path += (depth == 0 ? "" : "/") + folder;
    target_->make_directory(path, entry(FileType::directory));
  }
  ASSERT_GT(path.size(), 4096u);
  put(path + "/a", "x");
  EXPECT_TRUE(target_->make_hard_link(path + "/b", entry(), path + "/a"));
  EXPECT_TRUE(target_->make_hard_link("top", entry(), path + "/a"));
  target_->finish();
  EXPECT_EQ(status_of(root_ / "top").st_nlink, 3u);
  EXPECT_TRUE(problems_.empty());
}

TEST_F(RestoredFile, ManyThreadsWriteAtOnce) {
  std::vector<std::jthread> threads;
  for (int each = 0; each < 40; ++each) {
    const auto folder = "d" + std::to_string(10 + each / 4);
    if (each % 4 == 0) target_->make_directory(folder, entry(FileType::directory));
    const auto contents = std::string(1000, static_cast<char>('0' + each));
    auto file =
        target_->begin_file(folder + "/f" + std::to_string(each), entry(FileType::file, 1000));
    threads.emplace_back([file = std::move(file), contents]() mutable {
      file->write(core::as_bytes(contents).subspan(500), 500);
      file->write(core::as_bytes(contents).first(500), 0);
      file->commit();
      file.reset();
    });
  }
  threads.clear();
  target_->finish();
  EXPECT_EQ(core::read_file(root_ / "d19/f39"), std::string(1000, '0' + 39));
  for (const auto& each : fs::directory_iterator(root_))
    EXPECT_EQ(modified_of(status_of(each.path())), entry().modified);
}

TEST_F(RestoredLinks, LinkingTwiceLeavesNothingBehind) {
  put("a", "x");
  EXPECT_TRUE(target_->make_hard_link("b", entry(), "a"));
  EXPECT_TRUE(target_->make_hard_link("b", entry(), "a"));
  target_->finish();
  EXPECT_EQ(files_in_root(), 2u);
  EXPECT_EQ(fs::hard_link_count(root_ / "a"), 2u);
}

TEST_F(RestoredLinks, SymbolicLinksHaveFurtherNamesToo) {
  auto link = entry(FileType::symbolic_link);
  link.link_target = "nowhere";
  target_->make_special("a", link);
  EXPECT_TRUE(target_->make_hard_link("b", link, "a"));
  EXPECT_EQ(status_of(root_ / "b").st_ino, status_of(root_ / "a").st_ino);
}

// The folder of the further name gets its time after that.
TEST_F(RestoredLinks, FollowWhenTheFirstNameIsComplete) {
  auto file = target_->begin_file("a", entry());
  target_->make_directory("d", entry(FileType::directory));
  EXPECT_TRUE(target_->make_hard_link("d/b", entry(), "a"));
  put("e", "x");
  EXPECT_FALSE(fs::exists(root_ / "d/b"));
  EXPECT_THROW(target_->finish(), core::Error);
  file->commit();
  file.reset();
  EXPECT_EQ(status_of(root_ / "d/b").st_ino, status_of(root_ / "a").st_ino);
  EXPECT_EQ(modified_of(status_of(root_ / "d")), entry().modified);
}

TEST_F(RestoredLinks, AreReportedWhenTheFirstNameFails) {
  write_file(root_ / "a", "");
  auto file = target_->begin_file("a", entry());
  EXPECT_TRUE(target_->make_hard_link("b", entry(), "a"));
  file.reset();
  ASSERT_EQ(problems_.size(), 1u);
  EXPECT_EQ(problems_[0], "/b: is a further name of /a, which failed");
  // What has its name is the older file.
  EXPECT_FALSE(target_->make_hard_link("c", entry(), "a"));
  EXPECT_EQ(files_in_root(), 1u);
}

TEST_F(RestoredLinks, ManyMayWait) {
  auto file = target_->begin_file("a", entry());
  std::jthread writer;
  for (int each = 0; each < 1000; ++each) {
    if (each == 200) {
      writer = std::jthread([&] {
        file->commit();
        file.reset();
      });
    }
    EXPECT_TRUE(target_->make_hard_link("b" + std::to_string(each), entry(), "a"));
  }
  writer.join();
  target_->finish();
  EXPECT_EQ(status_of(root_ / "a").st_nlink, 1001u);
}

} // namespace
} // namespace intendance::backupd
