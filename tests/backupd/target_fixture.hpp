// SPDX-License-Identifier: AGPL-3.0-or-later
// A restore target to put single files into.
#pragma once

#include "backupd/engine/restore_target.hpp"
#include "tests/backupd/ordinary_user.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {

class TargetTest : public ::testing::Test {
protected:
  TargetTest();
  ~TargetTest() override;

  // Of this user, with a time of its own and the usual mode.
  static Entry entry(FileType type = FileType::file, std::uint64_t size = 0);
  static struct stat status_of(const std::filesystem::path& path);
  static void write_file(const std::filesystem::path& path, const std::string& contents);

  // A new restore into the same folder.
  RestoreTarget& open(Overwrite overwrite = Overwrite::always,
                      const std::vector<std::string>& owners = {});
  // Restores a file whole; false when it was kept.
  bool put(const std::string& path, const std::string& contents, Entry entry = TargetTest::entry());
  std::size_t files_in_root() const;

  core::TemporaryDirectory folder_;
  std::filesystem::path outside_ = folder_.path() / "outside", root_ = folder_.path() / "root";
  std::vector<std::string> problems_;
  std::unique_ptr<RestoreTarget> target_;
};

} // namespace intendance::backupd
