// SPDX-License-Identifier: AGPL-3.0-or-later
// Whom restored files belong to, when the users of this machine are not those of the snapshot.
#pragma once

#include "backupd/repository/manifest.hpp"

#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace intendance::backupd {

struct Owner {
  std::uint32_t uid = 0, gid = 0;
  bool operator==(const Owner&) const = default;
};

// Rules, the first that fits wins:
//   www-data=apache        files of that user come to belong to this one; their group stays
//   33:33=1001:1001        the same for a user and for a group, each on its own
//   :adm=:staff            for a group alone
//   *=restorer             for all users that no rule before it names
//   by-name                whoever bears the stored name here, for what no rule names
// On the left a number or a name of the snapshot, on the right a number or a name of this machine.
// Without a rule the stored numbers stay as they are. One thread at a time.
class OwnerMap {
public:
  OwnerMap() = default;
  // Throws ConfigError for a rule that is none, or names somebody unknown on this machine.
  explicit OwnerMap(const std::vector<std::string>& rules);

  Owner owner_of(const Entry& entry);

private:
  enum class Kind { user, group };
  struct Rule {
    std::string from; // "*", a name, or a number
    std::uint32_t to = 0;
  };
  // Of the users or of the groups.
  struct Table {
    std::vector<Rule> rules;
    std::unordered_map<std::string, std::optional<std::uint32_t>> known; // names looked up
  };

  void add(const std::string& rule);
  void add(Kind kind, const std::string& from, const std::string& to, const std::string& rule);
  std::uint32_t number_of(Kind kind, std::uint32_t stored, const std::string& name);

  Table users_, groups_;
  bool by_name_ = false;
};

} // namespace intendance::backupd
