// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/folder_listing.hpp"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string_view>

namespace intendance::backupd {

namespace {

using Hint = std::uint32_t;

const char* name_of(const char* record) { return record + sizeof(Hint); }

bool before(const char* left, const char* right) { // strcmp compares unsigned bytes
  return std::strcmp(name_of(left), name_of(right)) < 0;
}

} // namespace

FolderListing::FolderListing(int folder, std::vector<char>& buffer, const Wanted& wanted)
    : memory_(std::make_unique<std::pmr::monotonic_buffer_resource>()) {
  for (;;) {
    const auto count = ::getdents64(folder, buffer.data(), buffer.size());
    if (count < 0) error_ = errno;
    if (count <= 0) break;
    for (std::size_t at = 0; at < static_cast<std::size_t>(count);) {
      const auto* found = reinterpret_cast<const dirent64*>(buffer.data() + at);
      at += found->d_reclen;
      const std::string_view name(found->d_name);
      if (name != "." && name != ".." && wanted(found->d_name, found->d_type)) {
        add(found->d_name, found->d_ino);
      }
    }
  }
  std::sort(records_.begin(), records_.end(), before);
  // Some file systems list a name twice while a folder changes.
  const auto same = [](const auto& left, const auto& right) {
    return !before(left, right) && !before(right, left);
  };
  records_.erase(std::unique(records_.begin(), records_.end(), same), records_.end());
}

void FolderListing::add(const char* name, std::uint64_t inode) {
  const auto length = std::strlen(name) + 1;
  auto* record = static_cast<char*>(memory_->allocate(sizeof(Hint) + length, 1));
  const auto hint = static_cast<Hint>(inode);
  std::memcpy(record, &hint, sizeof(hint));
  std::memcpy(record + sizeof(hint), name, length);
  records_.push_back(record);
}

const char* FolderListing::name(std::size_t at) const { return name_of(records_[at]); }

std::uint32_t FolderListing::inode_hint(std::size_t at) const {
  Hint hint;
  std::memcpy(&hint, records_[at], sizeof(hint));
  return hint;
}

bool FolderListing::contains(const char* name) const {
  const auto place = std::lower_bound(
      records_.begin(), records_.end(), name,
      [](const char* record, const char* each) { return std::strcmp(name_of(record), each) < 0; });
  return place != records_.end() && std::strcmp(name_of(*place), name) == 0;
}

void FolderListing::keep_only(const char* name) {
  records_.erase(
      std::remove_if(records_.begin(), records_.end(),
                     [&](const char* record) { return std::strcmp(name_of(record), name) != 0; }),
      records_.end());
}

} // namespace intendance::backupd
