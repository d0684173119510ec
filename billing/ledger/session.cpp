// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/session.hpp"

#include "billing/schema/migrations.hpp"

namespace intendance::billing {

core::Postgres open_ledger(const std::string& address) {
  core::Postgres database(address);
  for (const auto& migration : migration_status(database)) {
    if (!migration.applied_at) {
      throw core::Error("the ledger in the database " + database.place() + " lacks the migration " +
                        migration.name +
                        "; run intendance database migrate (with the same --database)");
    }
  }
  narrow_rights(database);
  return database;
}

void narrow_rights(core::Postgres& database) {
  const auto possible =
      database
          .query("SELECT pg_has_role(to_regrole('intendance_owner'), 'MEMBER') AND "
                 "pg_has_role(to_regrole('intendance_administration'), 'MEMBER') AND "
                 "has_table_privilege(to_regrole('intendance_administration'), 'ledger.entry', "
                 "'SELECT') AS possible")
          .only()
          .optional_text("possible");
  if (possible == "t") database.query("SET ROLE intendance_administration");
}

} // namespace intendance::billing
