// SPDX-License-Identifier: AGPL-3.0-or-later
// What the database refuses by itself, to a superuser and to the application's roles, whatever
// program asks.
#include "billing/ledger/budget.hpp"
#include "billing/ledger/rates.hpp"
#include "billing/ledger/session.hpp"
#include "billing/ledger/uuid.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

class Refusals : public LedgerTest {
protected:
  std::string insert(const std::string& columns, const std::string& values) {
    return refusal("INSERT INTO ledger.entry (entry_id, minutes, fund, vendor, activity, service, "
                   "person, description, " +
                   columns +
                   ") VALUES (gen_random_uuid(), 60, 'F-1234', 'koumbit', 'maintenance', "
                   "'expositions', 'p', 'd', " +
                   values + ")");
  }
};

TEST_F(Refusals, NothingOfTheLedgerIsChangedOrRemovedByAnyone) {
  add("2024-09-20", 60);
  close_month("2024-09");
  set_budget(database_, {"F-1234", 2024, Cents(100), ""});
  for (const std::string table :
       {"entry", "period_close", "budget_version", "budget_line", "fiscal_calendar"}) {
    EXPECT_EQ(refusal("DELETE FROM ledger." + table), "ID001") << table;
    EXPECT_EQ(refusal("TRUNCATE ledger." + table + " CASCADE"), "ID001") << table;
  }
  EXPECT_EQ(refusal("UPDATE ledger.entry SET description = 'x'"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.entry SET minutes = 1 WHERE false"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.period_close SET month = '2020-01-01'"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.budget_line SET cents = 1"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.fund SET calendar = 'university'"), "ID001");
}

TEST_F(Refusals, HoldForASessionThatCallsItselfAReplica) {
  add("2024-09-20", 60);
  database_.query("SET session_replication_role = replica");
  EXPECT_EQ(refusal("DELETE FROM ledger.entry"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.rate SET cents_per_hour = 1"), "ID001");
  EXPECT_EQ(refusal("TRUNCATE ledger.rate CASCADE"), "ID001");
}

TEST_F(Refusals, WhatTheTriggerComputesCannotBeGiven) {
  ASSERT_EQ(insert("worked_on, number, recorded_by, hash_version, rate_id",
                   "'2024-11-20', 99, 'nobody', 7, 12345"),
            "accepted");
  database_.query("INSERT INTO ledger.entry (entry_id, minutes, fund, vendor, activity, service, "
                  "person, description, worked_on, number, recorded_by, cents_per_hour) VALUES "
                  "(gen_random_uuid(), 60, 'F-1234', 'koumbit', 'maintenance', 'expositions', "
                  "'p', 'd', '2024-11-20', 99, 'nobody', 1)");
  const auto entry = list_entries(database_, {}).at(0);
  EXPECT_EQ(entry.number, 1);
  EXPECT_EQ(entry.recorded_by, "postgres");
  EXPECT_EQ(entry.amount, Cents(12000));
  EXPECT_EQ(insert("worked_on, cents", "'2024-11-20', 1"), "428C9"); // generated always
}

TEST_F(Refusals, AClosedMonthReceivesNothing) {
  add("2024-09-20", 60);
  const auto head = ledger_head(database_);
  close_month("2024-09");
  EXPECT_EQ(insert("worked_on, posted_on", "'2024-09-20', '2024-09-30'"), "ID003");
  EXPECT_EQ(insert("worked_on, posted_on", "'2024-08-20', '2024-08-31'"), "ID003");
  EXPECT_EQ(insert("worked_on, posted_on", "'2024-09-20', '2024-10-01'"), "accepted");
  EXPECT_EQ(refusal("INSERT INTO ledger.period_close (month) VALUES ('2024-09-01')"), "ID003");
  EXPECT_EQ(refusal("INSERT INTO ledger.period_close (month) VALUES ('2024-08-01')"), "ID003");
  EXPECT_EQ(refusal("INSERT INTO ledger.period_close (month) VALUES "
                    "(date_trunc('month', now() + interval '1 month'))"),
            "ID006");
  EXPECT_EQ(refusal("INSERT INTO ledger.period_close (month) VALUES ('2024-10-02')"), "23514");
  // A close remembers where the chain ended.
  const auto close = database_.query("SELECT head_number, encode(head_hash, 'hex') AS head "
                                     "FROM ledger.period_close");
  EXPECT_EQ(close.only().integer("head_number"), 1);
  EXPECT_EQ(close.only().text("head"), head.hash);
  EXPECT_NE(ledger_head(database_).hash, head.hash); // the close itself is behind it
}

TEST_F(Refusals, AnEntryIsWhole) {
  EXPECT_EQ(insert("worked_on", "current_date + 2"), "ID006");
  EXPECT_EQ(insert("worked_on, posted_on", "'2024-11-20', '2024-11-19'"), "23514");
  EXPECT_EQ(refusal("INSERT INTO ledger.entry (entry_id, minutes, fund, vendor, activity, service, "
                    "person, description, worked_on) VALUES (gen_random_uuid(), 1441, 'F-1234', "
                    "'koumbit', 'maintenance', 'expositions', 'p', 'd', '2024-11-20')"),
            "23514");
  EXPECT_EQ(refusal("INSERT INTO ledger.entry (entry_id, minutes, fund, vendor, activity, service, "
                    "person, description, worked_on) VALUES (gen_random_uuid(), 60, NULL, "
                    "'koumbit', 'maintenance', 'expositions', 'p', 'd', '2024-11-20')"),
            "23502");
  EXPECT_EQ(refusal("INSERT INTO ledger.entry (entry_id, reverses, description) VALUES "
                    "(gen_random_uuid(), gen_random_uuid(), 'x')"),
            "ID002");
}

TEST_F(Refusals, ARateThatHasStartedOnlyEnds) {
  add("2024-11-20", 60);
  EXPECT_EQ(refusal("UPDATE ledger.rate SET cents_per_hour = 1"), "ID001");
  EXPECT_EQ(refusal("DELETE FROM ledger.rate"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.rate SET valid = '[2024-01-01,)'"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.rate SET valid = '[2023-04-01,2024-11-20)'"), "ID001");
  EXPECT_EQ(refusal("UPDATE ledger.rate SET valid = '[2023-04-01,2024-11-21)'"), "accepted");
  EXPECT_EQ(refusal("INSERT INTO ledger.rate (vendor, valid, cents_per_hour) VALUES "
                    "('koumbit', '[2024-01-01,2024-02-01)', 1)"),
            "23P01");
  EXPECT_EQ(refusal("INSERT INTO ledger.rate (vendor, valid, cents_per_hour) VALUES "
                    "('koumbit', '(,2020-01-01)', 1)"),
            "23514");
}

TEST_F(Refusals, TaxesOfClosedMonthsStay) {
  close_month("2024-09");
  EXPECT_EQ(refusal("UPDATE ledger.tax_rule SET valid = '[2013-01-01,2024-09-30)' "
                    "WHERE tax = 'TVQ'"),
            "ID003");
  EXPECT_EQ(refusal("UPDATE ledger.tax_rule SET parts_per_100000 = 1"), "ID001");
  EXPECT_EQ(refusal("INSERT INTO ledger.rebate VALUES ('TPX', '[2020-01-01,)', 1)"), "ID003");
  EXPECT_EQ(refusal("INSERT INTO ledger.tax_rule VALUES ('TVQ', '[2030-01-01,)', 1)"), "23P01");
  EXPECT_EQ(refusal("UPDATE ledger.tax_rule SET valid = '[2013-01-01,2030-01-01)' "
                    "WHERE tax = 'TVQ'"),
            "accepted");
}

class Roles : public Refusals {
protected:
  std::string as(const std::string& role, const std::string& sql) {
    database_.query("SET ROLE intendance_" + role);
    auto result = refusal(sql);
    database_.query("RESET ROLE");
    return result;
  }
  const std::string log_work_ =
      "INSERT INTO ledger.entry (entry_id, minutes, fund, vendor, activity, service, person, "
      "description, worked_on) VALUES (gen_random_uuid(), 60, 'F-1234', 'koumbit', 'maintenance', "
      "'expositions', 'p', 'd', '2024-11-20')";
  const std::string close_ = "INSERT INTO ledger.period_close (month) VALUES ('2024-09-01')";
  const std::string budget_ = "INSERT INTO ledger.budget_version (fund, year, version) VALUES "
                              "('F-1234', 2024, 1)";
  const std::string denied_ = "42501";
};

TEST_F(Roles, MayDoTheirPartAndNoMore) {
  EXPECT_EQ(as("lecture", "SELECT count(*) FROM ledger.entry"), "accepted");
  EXPECT_EQ(as("lecture", log_work_), denied_);
  EXPECT_EQ(as("saisie", log_work_), "accepted");
  EXPECT_EQ(as("saisie", close_), denied_);
  EXPECT_EQ(as("saisie", budget_), denied_);
  EXPECT_EQ(as("approbation", close_), "accepted");
  EXPECT_EQ(as("approbation", log_work_), denied_);
  EXPECT_EQ(as("finances", budget_), "accepted");
  EXPECT_EQ(as("finances", close_), denied_);
  EXPECT_EQ(as("administration", log_work_), "accepted");
  EXPECT_EQ(as("administration", close_), "accepted");
  EXPECT_EQ(as("administration", budget_), "accepted");
}

TEST_F(Roles, ChangeNothingAndOwnNothing) {
  add("2024-09-20", 60);
  for (const std::string role :
       {"lecture", "saisie", "approbation", "finances", "administration"}) {
    EXPECT_EQ(as(role, "UPDATE ledger.entry SET minutes = 1"), denied_) << role;
    EXPECT_EQ(as(role, "DELETE FROM ledger.entry"), denied_) << role;
    EXPECT_EQ(as(role, "TRUNCATE ledger.entry"), denied_) << role;
    EXPECT_EQ(as(role, "ALTER TABLE ledger.entry DISABLE TRIGGER ALL"), denied_) << role;
    EXPECT_EQ(as(role, "UPDATE ledger.rate SET cents_per_hour = 1"), denied_) << role;
  }
  const auto owners = database_.query("SELECT DISTINCT pg_get_userbyid(relowner) AS owner "
                                      "FROM pg_class WHERE relnamespace = 'ledger'::regnamespace");
  EXPECT_EQ(owners.only().text("owner"), "intendance_owner");
}

TEST_F(Roles, AreGivenUpForDailyWorkByWhoeverCouldDoMore) {
  auto session = open_ledger(address_);
  EXPECT_EQ(session.query("SELECT current_user AS me").only().text("me"),
            "intendance_administration");
  add_entry(session, work("2024-11-20", 60), test_day);
  EXPECT_EQ(list_entries(session, {}).at(0).recorded_by, "postgres"); // who logged in
  EXPECT_THROW(session.query("DELETE FROM ledger.entry"), core::AccessDenied);
}

} // namespace
} // namespace intendance::billing
