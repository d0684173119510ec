// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/file.hpp"
#include "core/secret.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace intendance::core {
namespace {

TEST(File, ReplacesAtomicallyAndKeepsTheMode) {
  const TemporaryDirectory folder;
  const auto path = folder.path() / "file";
  write_file_atomically(path, "one", 0600);
  write_file_atomically(path, "two", 0600);
  EXPECT_EQ(read_file(path), "two");
  struct stat status {};
  ASSERT_EQ(::stat(path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(File, AFailedWriteLeavesNothingBehind) {
  const TemporaryDirectory folder;
  std::filesystem::create_directories(folder.path() / "taken/full");
  EXPECT_THROW(write_file_atomically(folder.path() / "taken", "x"), Error);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(File, RefusesALongerOneThanAllowed) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "f", std::string(100, 'x'));
  EXPECT_EQ(read_file(folder.path() / "f", 100).size(), 100u);
  EXPECT_THROW(read_file(folder.path() / "f", 99), Error);
}

TEST(Secret, IsTheFirstLineOnly) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "token", "s3cret\nrest\n", 0600);
  const auto secret = read_secret(folder.path() / "token");
  EXPECT_TRUE(equal_secret(secret, "s3cret"));
  EXPECT_FALSE(equal_secret(secret, "s3creT"));
  EXPECT_FALSE(equal_secret(secret, "s3cre"));
  write_file_atomically(folder.path() / "empty", "\n", 0600);
  EXPECT_THROW(read_secret(folder.path() / "empty"), ConfigError);
}

TEST(Secret, IsLookedForAmongSystemdsCredentials) {
  const TemporaryDirectory folder;
  write_file_atomically(folder.path() / "token", "s3cret", 0600);
  ::setenv("CREDENTIALS_DIRECTORY", folder.path().c_str(), 1);
  EXPECT_TRUE(equal_secret(read_secret("token"), "s3cret"));
  ::unsetenv("CREDENTIALS_DIRECTORY");
  EXPECT_THROW(read_secret("token"), Error);
}

} // namespace
} // namespace intendance::core
