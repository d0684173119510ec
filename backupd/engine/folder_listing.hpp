// SPDX-License-Identifier: AGPL-3.0-or-later
// The names in a folder, in order, with little more memory than the names themselves: a folder may
// hold millions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <memory_resource>
#include <vector>

namespace intendance::backupd {

class FolderListing {
public:
  // Whether a name is wanted; `type` is of <dirent.h>, DT_UNKNOWN from file systems that do not
  // tell.
  using Wanted = std::function<bool(const char* name, std::uint8_t type)>;

  // Reads an open folder from its beginning; "." and ".." are left out. Names are sorted as bytes.
  // `buffer` is for the kernel to fill, and may serve many folders. What could be read is kept when
  // the folder cannot be read to its end.
  FolderListing(int folder, std::vector<char>& buffer, const Wanted& wanted);

  std::size_t size() const { return records_.size(); }
  const char* name(std::size_t at) const;
  // The end of its inode's number, as far as the folder knows it: only to put names in an order
  // that is cheap to look at.
  std::uint32_t inode_hint(std::size_t at) const;
  int error() const { return error_; } // errno, or 0
  bool contains(const char* name) const;
  // Forgets all other names.
  void keep_only(const char* name);

private:
  void add(const char* name, std::uint64_t inode);
  // Grows without moving what is in it. A record: inode_hint, then the name and its NUL.
  std::unique_ptr<std::pmr::monotonic_buffer_resource> memory_;
  std::deque<const char*> records_;
  int error_ = 0;
};

} // namespace intendance::backupd
