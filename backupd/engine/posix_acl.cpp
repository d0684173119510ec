// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/posix_acl.hpp"

#include "backupd/repository/bytes.hpp"

namespace intendance::backupd {

bool is_access_list(std::string_view attribute) {
  return attribute == "system.posix_acl_access" || attribute == "system.posix_acl_default";
}

std::optional<std::vector<AclEntry>> parse_acl(std::string_view value) {
  constexpr std::size_t head = 4;
  constexpr std::size_t each = 8;
  if (value.size() < head || (value.size() - head) % each != 0) return std::nullopt;
  ByteReader reader(core::as_bytes(value));
  if (reader.fixed<std::uint32_t>() != 2) return std::nullopt;
  std::vector<AclEntry> entries;
  while (!reader.at_end()) {
    const auto tag = reader.fixed<std::uint16_t>();
    const auto permissions = reader.fixed<std::uint16_t>();
    const auto id = reader.fixed<std::uint32_t>();
    // One bit of the six, and no permission but read, write and execute.
    if (tag == 0 || (tag & (tag - 1)) != 0 || tag > 0x20 || permissions > 7) return std::nullopt;
    entries.push_back({static_cast<AclEntry::Tag>(tag), permissions, id});
  }
  return entries;
}

} // namespace intendance::backupd
