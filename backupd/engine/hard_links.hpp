// SPDX-License-Identifier: AGPL-3.0-or-later
// The first name of each file that has several. An inode is forgotten with its last name, so that
// what is kept does not grow with the tree but with the links whose other names are yet to come.
#pragma once

#include "backupd/engine/file_status.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>

namespace intendance::backupd {

class HardLinks {
public:
  // The name under which this file was added, or nullptr when it was not.
  const std::string* first_name(const FileStatus& status) const {
    const auto found = files_.find({status.device, status.inode});
    // Born at another time: the inode's number went to a new file during the walk.
    if (found == files_.end() || found->second.born != status.born) return nullptr;
    return &found->second.path;
  }

  // Once for each name that was kept, the first as well as the further ones.
  void add(const FileStatus& status, const std::string& path) {
    if (status.links < 2) return;
    const Inode inode{status.device, status.inode};
    const auto found = files_.find(inode);
    if (found == files_.end() || found->second.born != status.born) {
      files_.insert_or_assign(inode, File{path, status.born, status.links - 1});
    } else if (--found->second.names_left == 0) {
      files_.erase(found);
    }
  }

  std::size_t size() const { return files_.size(); }

private:
  struct Inode {
    std::uint64_t device, number;
    bool operator==(const Inode&) const = default;
  };
  struct Hash {
    std::size_t operator()(const Inode& inode) const noexcept {
      return inode.number * 0x9e3779b97f4a7c15U ^ inode.device;
    }
  };
  struct File {
    std::string path;
    FileTime born;
    std::uint32_t names_left;
  };
  std::unordered_map<Inode, File, Hash> files_;
};

} // namespace intendance::backupd
