// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <filesystem>

namespace intendance::backupd {

// While it lives this process is an ordinary user, if it was root; everything in that folder, and
// the folder, belongs to him.
class OrdinaryUser {
public:
  explicit OrdinaryUser(const std::filesystem::path& folder);
  ~OrdinaryUser();
  OrdinaryUser(const OrdinaryUser&) = delete;
  OrdinaryUser& operator=(const OrdinaryUser&) = delete;

private:
  const bool was_root_;
};

} // namespace intendance::backupd
