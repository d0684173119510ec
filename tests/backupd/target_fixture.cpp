// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/target_fixture.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace intendance::backupd {

namespace fs = std::filesystem;

TargetTest::TargetTest() {
  fs::create_directory(outside_);
  fs::create_directory(root_);
  write_file(outside_ / "victim", "untouched");
  open();
}

TargetTest::~TargetTest() {
  target_.reset();
  // Folders without write permission would keep an ordinary user's folder from being removed.
  std::error_code ignored; // of paths that are too long
  for (const auto& each : fs::recursive_directory_iterator(folder_.path())) {
    if (each.is_directory() && !each.is_symlink())
      fs::permissions(each, fs::perms::owner_all, ignored);
  }
}

Entry TargetTest::entry(FileType type, std::uint64_t size) {
  Entry made;
  made.type = type;
  made.mode = type == FileType::directory ? 0755 : 0644;
  made.uid = ::geteuid();
  made.gid = ::getegid();
  made.size = size;
  made.modified = {1'000'000'000, 7};
  return made;
}

struct stat TargetTest::status_of(const fs::path& path) {
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0) core::throw_errno("lstat " + path.string());
  return status;
}

void TargetTest::write_file(const fs::path& path, const std::string& contents) {
  const auto file = core::open_file(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  core::write_all(file.get(), core::as_bytes(contents));
}

RestoreTarget& TargetTest::open(Overwrite overwrite, const std::vector<std::string>& owners) {
  target_.reset();
  target_ = std::make_unique<RestoreTarget>(root_, TargetOptions{overwrite, OwnerMap(owners)},
                                            [this](const auto& path, const auto& message, Loss) {
                                              problems_.push_back(path + ": " + message);
                                            });
  return *target_;
}

bool TargetTest::put(const std::string& path, const std::string& contents, Entry entry) {
  entry.size = contents.size();
  const auto file = target_->begin_file(path, entry);
  if (!file) return false;
  file->write(core::as_bytes(contents), 0);
  file->commit();
  return true;
}

std::size_t TargetTest::files_in_root() const {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(root_), {}));
}

} // namespace intendance::backupd
