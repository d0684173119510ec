// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/schema/migrations.hpp"

#include "core/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;
using core::Transaction;

// Any number that no other program of this database takes: "intendance" in a telephone's letters.
constexpr std::int64_t lock_number = 4683363262LL;

// Held by the session, across the transactions of the migrations.
class MigrationLock {
public:
  explicit MigrationLock(Postgres& database) : database_(database) {
    database_.query("SELECT pg_advisory_lock($1)", lock_number);
  }
  MigrationLock(const MigrationLock&) = delete;
  MigrationLock& operator=(const MigrationLock&) = delete;
  ~MigrationLock() {
    try {
      database_.query("SELECT pg_advisory_unlock($1)", lock_number);
    } catch (...) { // the connection is gone and the lock with it
    }
  }

private:
  Postgres& database_;
};

bool history_exists(Postgres& database) {
  return database.query("SELECT to_regclass('ledger.migration') IS NOT NULL AS there")
      .only()
      .boolean("there");
}

std::string checksum(const std::string& sql) {
  return core::to_hex(
      core::sha256({reinterpret_cast<const std::uint8_t*>(sql.data()), sql.size()}));
}

// A role that owns everything and that nobody can log in as, so that no program is the owner, and
// the groups. Where roles cannot be made, the login that migrates owns the tables, whose triggers
// refuse it as anyone else.
void prepare_roles(Postgres& database) {
  for (const char* name :
       {"owner", "lecture", "saisie", "approbation", "finances", "administration"}) {
    database.execute_script(fmt::format(R"sql(
      DO $$ BEGIN
        IF to_regrole('intendance_{0}') IS NULL THEN CREATE ROLE intendance_{0} NOLOGIN; END IF;
      EXCEPTION -- not permitted, or the migration of another database of the cluster was faster
        WHEN insufficient_privilege OR duplicate_object OR unique_violation THEN NULL;
      END $$)sql",
                                        name));
  }
  database.execute_script(R"sql(
    DO $$ BEGIN
      IF NOT pg_has_role('intendance_owner', 'MEMBER') THEN
        GRANT intendance_owner TO CURRENT_USER;
      END IF;
      EXECUTE format('GRANT CREATE ON DATABASE %I TO intendance_owner', current_database());
      GRANT intendance_saisie, intendance_approbation, intendance_finances
        TO intendance_administration;
    EXCEPTION WHEN insufficient_privilege OR undefined_object THEN NULL;
    END $$)sql");
}

// For the transaction that is open.
void become_owner(Postgres& database) {
  const bool possible = database
                            .query("SELECT to_regrole('intendance_owner') IS NOT NULL AND "
                                   "coalesce(pg_has_role(to_regrole('intendance_owner'), "
                                   "'MEMBER'), false) AND has_database_privilege("
                                   "to_regrole('intendance_owner'), current_database(), 'CREATE') "
                                   "AS possible")
                            .only()
                            .optional_text("possible") == "t";
  if (possible) database.query("SET LOCAL ROLE intendance_owner");
}

void create_history(Postgres& database) {
  Transaction transaction(database);
  become_owner(database);
  database.execute_script("CREATE SCHEMA ledger;"
                          "CREATE TABLE ledger.migration ("
                          "  name text PRIMARY KEY,"
                          "  sha256 text NOT NULL,"
                          "  applied_by text NOT NULL DEFAULT session_user,"
                          "  applied_at timestamptz NOT NULL DEFAULT now())");
  transaction.commit();
}

void apply(Postgres& database, const Migration& migration) {
  Transaction transaction(database);
  become_owner(database);
  core::with_context("migration " + migration.name,
                     [&] { database.execute_script(migration.sql); });
  database.query("INSERT INTO ledger.migration (name, sha256) VALUES ($1, $2)", migration.name,
                 checksum(migration.sql));
  transaction.commit();
}

// An older migration that is pending behind a newer one was slipped in afterwards.
void refuse_gaps(const std::vector<MigrationStatus>& status) {
  bool pending = false;
  for (const auto& migration : status) {
    if (!migration.applied_at) {
      pending = true;
    } else if (pending) {
      throw Error("the migration " + migration.name +
                  " has been applied, but one with a lower number has not; give the new migration "
                  "the next free number");
    }
  }
}

} // namespace

std::vector<MigrationStatus> migration_status(Postgres& database,
                                              const std::vector<Migration>& migrations) {
  std::vector<MigrationStatus> status;
  for (const auto& migration : migrations) status.push_back({migration.name, std::nullopt});
  if (!history_exists(database)) return status;
  const auto applied = database.query(
      "SELECT name, sha256, to_char(applied_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS at "
      "FROM ledger.migration ORDER BY name");
  for (const auto& row : applied) {
    const auto name = row.text("name");
    const auto known =
        std::find_if(migrations.begin(), migrations.end(),
                     [&](const Migration& migration) { return migration.name == name; });
    if (known == migrations.end()) {
      throw Error("the database " + database.place() + " holds the migration " + name +
                  ", which this program does not know: a newer one has been here; install that "
                  "version or a later one");
    }
    if (checksum(known->sql) != row.text("sha256")) {
      throw Error("the migration " + name + " of the database " + database.place() +
                  " is not the one that this program holds: it was edited after it had been "
                  "applied; put it back and add a new migration instead");
    }
    status[static_cast<std::size_t>(known - migrations.begin())].applied_at = row.text("at");
  }
  refuse_gaps(status);
  return status;
}

void grant_rights(Postgres& database) {
  Transaction transaction(database);
  become_owner(database);
  const bool ours = database
                        .query("SELECT EXISTS (SELECT FROM pg_proc WHERE oid = "
                               "to_regprocedure('ledger.grant_rights()') "
                               "AND pg_has_role(proowner, 'USAGE')) AS ours")
                        .only()
                        .boolean("ours");
  if (ours) database.query("SELECT ledger.grant_rights()");
  transaction.commit();
}

std::vector<std::string> migrate(Postgres& database, const std::vector<Migration>& migrations) {
  std::vector<std::string> done;
  const MigrationLock lock(database);
  const auto status = migration_status(database, migrations);
  const bool pending =
      std::any_of(status.begin(), status.end(),
                  [](const MigrationStatus& migration) { return !migration.applied_at; });
  if (!pending) return done;
  core::with_context("bringing the ledger of the database " + database.place() + " up to date",
                     [&] {
                       prepare_roles(database);
                       if (!history_exists(database)) create_history(database);
                       for (std::size_t index = 0; index < migrations.size(); ++index) {
                         if (status[index].applied_at) continue;
                         apply(database, migrations[index]);
                         done.push_back(migrations[index].name);
                       }
                       grant_rights(database);
                     });
  return done;
}

} // namespace intendance::billing
