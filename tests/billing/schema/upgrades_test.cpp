// SPDX-License-Identifier: AGPL-3.0-or-later
// A ledger with data, left at each earlier version, is brought up to date and is what it was.
#include "billing/ledger/budget.hpp"
#include "billing/ledger/uuid.hpp"
#include "billing/schema/migrations.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

// What could be recorded at a version: numbers of migrations and the statements that they allow.
const std::vector<std::pair<std::size_t, std::string>> data = {
    {1,
     "INSERT INTO ledger.fund (name, label, calendar) VALUES ('F-1234', 'Fonctionnement', 'grant');"
     "INSERT INTO ledger.service (name) VALUES ('tei');"
     "INSERT INTO ledger.vendor VALUES ('other', 'Other');"
     "INSERT INTO ledger.budget_version (fund, year, version, reason) VALUES ('F-1234', 2024, 1, "
     "''), "
     "('F-1234', 2024, 2, 'more');"
     "INSERT INTO ledger.budget_line VALUES ('F-1234', 2024, 1, 'services', 100), "
     "('F-1234', 2024, 2, 'services', 2400000);"
     "INSERT INTO ledger.rate (vendor, valid, cents_per_hour) VALUES ('koumbit', '[2023-04-01,)', "
     "12000);"
     "INSERT INTO ledger.budget_basis (fund, valid, basis) VALUES ('F-1234', '[2023-04-01,)', "
     "'gross')"},
    {1, "INSERT INTO ledger.budget_version (fund, year, version) VALUES ('F-1234', 2023, 1);"
        "INSERT INTO ledger.budget_line VALUES ('F-1234', 2023, 1, 'golf', 5)"}, // any line, once
    {2, "INSERT INTO ledger.entry (entry_id, minutes, worked_on, fund, vendor, activity, service, "
        "person, description) SELECT gen_random_uuid(), n, '2024-01-05', 'F-1234', 'koumbit', "
        "'advice', 'tei', 'p', 'été' FROM generate_series(1, 20) n;"
        "INSERT INTO ledger.entry (entry_id, reverses, description) SELECT gen_random_uuid(), "
        "entry_id, "
        "'twice' FROM ledger.entry WHERE number = 3;"
        "INSERT INTO ledger.period_close (month) VALUES ('2024-01-01')"},
    {4, "INSERT INTO ledger.quote (vendor, number, quoted_on, service, activity, minutes, "
        "description) "
        "VALUES ('koumbit', '14', '2024-01-05', 'tei', 'advice', 60, 'd');"
        "INSERT INTO ledger.engagement (name, kind, fund, vendor, quote_number, accepted_by, "
        "accepted_on) "
        "VALUES ('E-1', 'quote', 'F-1234', 'koumbit', '14', 'd', '2024-02-05')"},
    {5, "INSERT INTO ledger.cost (cost_id, kind, service, fund, category, description, cents, "
        "taxation, "
        "first_on) VALUES (gen_random_uuid(), 'one_off', 'tei', 'F-1234', 'equipment', 'd', 5, "
        "'untaxed', '2024-02-05')"},
    {6, "INSERT INTO ledger.engagement_void (engagement, reason) VALUES ('E-1', 'not needed')"},
    {7,
     "INSERT INTO ledger.invoice (invoice_id, vendor, number, dated, period_from, period_to, "
     "before_tax_cents, tps_cents, tvq_cents, total_cents) VALUES (gen_random_uuid(), 'koumbit', "
     "'1', '2024-02-05', '2024-01-01', '2024-01-31', 100, 5, 10, 115);"
     "INSERT INTO ledger.invoice_line (invoice_id, line, kind, fund, cents, description) "
     "SELECT invoice_id, 1, 'adjustment', 'F-1234', 100, 'd' FROM ledger.invoice"}};

class Upgrade : public ::testing::TestWithParam<std::size_t> {
protected:
  std::string name_ = cluster().create_database();
  core::Postgres database_{cluster().address(name_)};

  void migrate_to(std::size_t version) {
    const auto& all = embedded_migrations();
    migrate(database_, {all.begin(), all.begin() + static_cast<std::ptrdiff_t>(version)});
  }
  std::string text(const std::string& sql) {
    return database_.query("SELECT (" + sql + ")::text AS value").only().text("value");
  }
};

TEST_P(Upgrade, KeepsAndCoversWhatWasThere) {
  const auto version = GetParam();
  migrate_to(version);
  for (const auto& [needed, sql] : data) {
    if (needed > version) continue;
    if (version >= 4 && sql.find("'golf'") != std::string::npos)
      continue; // lines are known by then
    database_.execute_script(sql);
  }
  const auto printed =
      version < 2 ? std::string() : text("SELECT encode(hash, 'hex') FROM ledger.head()");
  const auto entries = version < 2 ? "0" : text("SELECT count(*) FROM ledger.entry");

  migrate(database_);

  for (const auto& fault : ledger_faults(database_))
    ADD_FAILURE() << fault.what << ": " << fault.fault;
  EXPECT_EQ(std::to_string(ledger_head(database_).entries), entries);
  EXPECT_TRUE(printed.empty() || chain_holds(database_, printed));
  EXPECT_EQ(text("SELECT sum(cents) FROM ledger.budget_line WHERE year = 2024 AND version = 2"),
            "2400000");
  // Work goes on, in the new version, behind what was there.
  database_.execute_script("INSERT INTO ledger.entry (entry_id, minutes, worked_on, fund, vendor, "
                           "activity, service, person, description) VALUES (gen_random_uuid(), 60, "
                           "'2024-03-05', 'F-1234', 'koumbit', 'advice', 'tei', 'p', 'd')");
  EXPECT_EQ(text("SELECT hash_version FROM ledger.entry ORDER BY number DESC LIMIT 1"), "2");
  EXPECT_TRUE(ledger_faults(database_).empty());
  EXPECT_EQ(set_budget(database_, {"F-1234", 2024, Cents(5), ""}), 3);
}

INSTANTIATE_TEST_SUITE_P(FromVersion, Upgrade,
                         ::testing::Range(std::size_t{1}, embedded_migrations().size()),
                         ::testing::PrintToStringParamName());

} // namespace
} // namespace intendance::billing
