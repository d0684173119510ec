// SPDX-License-Identifier: AGPL-3.0-or-later
// The ledger's schema: numbered SQL files that are applied once, in their order, and never edited
// afterwards. An upgrade adds files.
#pragma once

#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

struct Migration {
  std::string name; // "0002_entry"
  std::string sql;
};

// Those of this program, in their order.
const std::vector<Migration>& embedded_migrations();

struct MigrationStatus {
  std::string name;
  std::optional<std::string> applied_at; // UTC, ISO 8601; absent: pending
};

// What was applied, checked against `migrations`, and what is pending. Throws Error when the
// database holds a migration that is not known or whose text was different when it was applied.
std::vector<MigrationStatus>
migration_status(core::Postgres& database,
                 const std::vector<Migration>& migrations = embedded_migrations());

// Applies what is pending, each migration in a transaction of its own, one process at a time.
// Returns the names of those applied. Throws as migration_status does, AccessDenied when something
// is pending and this login may not create it.
std::vector<std::string> migrate(core::Postgres& database,
                                 const std::vector<Migration>& migrations = embedded_migrations());

// Gives the groups of docs/ledger-format.md that exist their rights on the tables; migrate() does
// it too when it applied something.
void grant_rights(core::Postgres& database);

} // namespace intendance::billing
