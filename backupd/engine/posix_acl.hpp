// SPDX-License-Identifier: AGPL-3.0-or-later
// Access lists as Linux keeps them in system.posix_acl_access and system.posix_acl_default.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace intendance::backupd {

struct AclEntry {
  enum class Tag : std::uint16_t {
    owner = 0x01,
    user = 0x02,
    owning_group = 0x04,
    group = 0x08,
    mask = 0x10,
    other = 0x20,
  };
  Tag tag = Tag::owner;
  std::uint16_t permissions = 0; // 4 read, 2 write, 1 execute
  std::uint32_t id = 0;          // of a user or group
  bool operator==(const AclEntry&) const = default;
};

bool is_access_list(std::string_view attribute);

// The attribute's value: u32 version 2, then u16 tag, u16 permissions, u32 id each, little endian
// (linux/posix_acl_xattr.h). nullopt for anything else.
std::optional<std::vector<AclEntry>> parse_acl(std::string_view value);

} // namespace intendance::backupd
