// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/manifest.hpp"

#include <cstdint>
#include <string>
#include <unordered_map>

namespace intendance::backupd {

// The names of users and groups by their numbers, each asked for once.
class OwnerNames {
public:
  // Fills in user and group; they stay empty for numbers without a name.
  void fill(Entry& entry);

private:
  std::unordered_map<std::uint32_t, std::string> users_, groups_;
};

} // namespace intendance::backupd
