// SPDX-License-Identifier: AGPL-3.0-or-later
// A restore target in which somebody else works too, and a disk that is full.
#include "core/error.hpp"
#include "tests/backupd/target_fixture.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <thread>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

using HostileTarget = TargetTest;
using FullDisk = TargetTest;

TEST_F(HostileTarget, DoesNotFollowALinkInPlaceOfAFolder) {
  fs::create_symlink(outside_, root_ / "a");
  EXPECT_THROW(put("a/victim", "x"), core::Error);
  EXPECT_THROW(target_->make_directory("a", entry(FileType::directory)), core::Error);
  EXPECT_EQ(core::read_file(outside_ / "victim"), "untouched");
}

TEST_F(HostileTarget, ReplacesALinkInPlaceOfAFile) {
  fs::create_symlink(outside_ / "victim", root_ / "a");
  put("a", "x");
  EXPECT_EQ(core::read_file(outside_ / "victim"), "untouched");
  EXPECT_FALSE(fs::is_symlink(root_ / "a"));
  EXPECT_EQ(core::read_file(root_ / "a"), "x");
}

TEST_F(HostileTarget, AFolderThatBecomesALinkMeanwhileIsStillTheFolder) {
  target_->make_directory("a", entry(FileType::directory));
  const auto file = target_->begin_file("a/victim", entry());
  fs::rename(root_ / "a", root_ / "moved");
  fs::create_symlink(outside_, root_ / "a");
  put("a/second", "x");
  file->commit();
  EXPECT_EQ(core::read_file(outside_ / "victim"), "untouched");
  EXPECT_EQ(core::read_file(root_ / "moved/second"), "x");
  EXPECT_EQ(core::read_file(root_ / "moved/victim"), "");
}

TEST_F(HostileTarget, DoesNotLinkToWhatIsOutside) {
  fs::create_symlink(outside_, root_ / "a");
  fs::create_symlink(outside_ / "victim", root_ / "c");
  EXPECT_FALSE(target_->make_hard_link("b", entry(), "a/victim"));
  EXPECT_FALSE(target_->make_hard_link("b", entry(), "c"));
  EXPECT_FALSE(fs::exists(root_ / "b"));
}

// Somebody exchanges a folder for a link to outside, over and over, while a restore works in it.
TEST_F(HostileTarget, NothingGoesOutsideWhileAFolderIsSwapped) {
  fs::create_directory(root_ / "a");
  fs::create_symlink(outside_, root_ / "evil");
  std::jthread attacker([&](std::stop_token stop) {
    while (!stop.stop_requested()) {
      (void)::renameat2(AT_FDCWD, (root_ / "a").c_str(), AT_FDCWD, (root_ / "evil").c_str(),
                        RENAME_EXCHANGE);
    }
  });
  int restored = 0, refused = 0;
  for (int run = 0; run < 400; ++run) {
    try {
      open().make_directory("a", entry(FileType::directory));
      put("a/victim", "hostile");
      target_->make_hard_link("a/further", entry(), "a/victim");
      target_->make_directory("a/deeper", entry(FileType::directory));
      put("a/deeper/f", "hostile");
      ++restored;
    } catch (const core::Error&) {
      ++refused;
    }
  }
  attacker.request_stop();
  attacker.join();
  EXPECT_GT(restored, 0);
  EXPECT_EQ(core::read_file(outside_ / "victim"), "untouched");
  EXPECT_EQ(std::distance(fs::directory_iterator(outside_), {}), 1) << restored << ' ' << refused;
  EXPECT_EQ(status_of(outside_ / "victim").st_nlink, 1u);
}

TEST_F(FullDisk, ALimitOnTheSizeOfFilesIsAnError) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1000, before.rlim_max};
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  EXPECT_THROW(put("a", std::string(2000, 'x')), core::Error);
  EXPECT_TRUE(put("b", std::string(1000, 'x')));
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(files_in_root(), 1u);
}

// In a namespace of its own, with a small disk mounted on `folder`: 0 when all is well.
int fill_a_small_disk(const fs::path& folder) {
  if (::unshare(CLONE_NEWNS) != 0 || ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) != 0 ||
      ::mount("small", folder.c_str(), "tmpfs", 0, "size=256k") != 0)
    return 77;
  RestoreTarget target(folder, {}, [](const auto&, const auto&, Loss) {});
  Entry entry;
  entry.size = 1'000'000;
  const core::Buffer contents(100'000, 'x');
  std::string message;
  try {
    const auto file = target.begin_file("a", entry);
    for (std::uint64_t at = 0; at < entry.size; at += contents.size()) file->write(contents, at);
    file->commit();
  } catch (const core::Error& error) {
    message = error.what();
  }
  if (message != "cannot write /a: No space left on device") return 1;
  if (!fs::is_empty(folder)) return 2;
  entry.size = contents.size();
  const auto file = target.begin_file("b", entry);
  file->write(contents, 0);
  file->commit();
  return fs::file_size(folder / "b") == contents.size() ? 0 : 3;
}

TEST_F(FullDisk, IsAnErrorAndLeavesNothing) {
  target_.reset();
  const auto child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) ::_exit(fill_a_small_disk(root_));
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no mounting here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

} // namespace
} // namespace intendance::backupd
