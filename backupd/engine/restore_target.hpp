// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/manifest.hpp"
#include "core/file.hpp"

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace intendance::backupd {

// The folder that a restore writes beneath. Nothing outside it is reached: paths are resolved by
// openat2 beneath it, without following a symbolic link. New files appear under their name when
// they are complete. Entries must come in order of their paths. One thread at a time.
class RestoreTarget {
public:
  using Problem = std::function<void(const std::string& path, const std::string& message)>;
  using WriteContents = std::function<void(int descriptor)>;

  // `problem` hears of attributes that could not be set.
  RestoreTarget(const std::filesystem::path& root, Problem problem);
  ~RestoreTarget();
  RestoreTarget(const RestoreTarget&) = delete;
  RestoreTarget& operator=(const RestoreTarget&) = delete;

  // `path` is relative; folders that lead to it are made. Throw Error.
  void make_directory(const std::string& path, const Entry& entry);
  void make_file(const std::string& path, const Entry& entry, const WriteContents& write);
  void make_hard_link(const std::string& path, const std::string& existing);
  void make_special(const std::string& path, const Entry& entry);
  // Sets what is left of the folders' attributes and waits until all is on the disk.
  void finish();

private:
  struct OpenFolder {
    std::string path;
    core::FileDescriptor descriptor;
    const bool described; // its attributes are set when everything in it is there
    Entry entry;
  };

  int parent_of(const std::string& path); // descriptor, valid until the next call
  void leave_folders_not_above(const std::string& path);
  core::FileDescriptor enter(int parent, const std::string& path, const std::string& name);
  void set_attributes(int descriptor, const std::string& path, const Entry& entry);
  void move_into_place(int parent, const std::string& temporary, const std::string& path);
  std::string temporary_name();

  core::FileDescriptor root_;
  Problem problem_;
  std::vector<OpenFolder> open_; // from the outermost
  std::uint64_t counter_ = 0;
  std::uint64_t foreign_owners_ = 0; // entries whose owner an ordinary user could not set
};

} // namespace intendance::backupd
