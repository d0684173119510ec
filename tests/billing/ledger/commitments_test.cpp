// SPDX-License-Identifier: AGPL-3.0-or-later
// Budgets and their transfers, documents, quotes and engagements: what the database takes, and each
// refusal with its code and words.
#include "billing/ledger/budget.hpp"
#include "billing/ledger/uuid.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class BudgetVersions : public LedgerTest {
protected:
  BudgetVersions() { set_budget(database_, {"F-1234", 2024, Cents(100'000), ""}); }

  static std::string transfer(int version, std::int64_t services, std::int64_t equipment,
                              const std::string& reason = "un serveur") {
    const auto key = "'F-1234', 2024, " + std::to_string(version);
    return "INSERT INTO ledger.budget_version (fund, year, version, kind, reason) VALUES (" + key +
           ", 'transfer', '" + reason +
           "');"
           "INSERT INTO ledger.budget_line (fund, year, version, line, cents) VALUES (" +
           key + ", 'services', " + std::to_string(services) + "), (" + key + ", 'equipment', " +
           std::to_string(equipment) + ")";
  }
};

TEST_F(BudgetVersions, MoveCentsBetweenLinesAndKeepTheirSum) {
  EXPECT_EQ(answer(transfer(2, 60'000, 40'000)), "accepted");
  EXPECT_EQ(answer(transfer(2, 60'000, 40'001)),
            "ID011 a transfer leaves the total of a budget as it was: 100000 cents before, 100001 "
            "afterwards");
  EXPECT_EQ(answer(transfer(2, 60'000, 40'000, "")),
            "ID011 a transfer between lines of a budget needs its reason");
  EXPECT_EQ(answer(transfer(3, 60'000, 40'000)),
            "ID011 the next version of the budget of F-1234 for 2024 is 2, not 3");
  EXPECT_THAT(answer("INSERT INTO ledger.budget_version (fund, year, version, kind, reason) VALUES "
                     "('F-1234', 2025, 1, 'transfer', 'r')"),
              "accepted"); // of nothing, to nothing
}

TEST_F(BudgetVersions, AreCompleteOnceTheyAreRecorded) {
  EXPECT_EQ(answer("INSERT INTO ledger.budget_line VALUES ('F-1234', 2024, 1, 'equipment', 5)"),
            "ID011 version 1 of the budget of F-1234 for 2024 is complete; record a new version");
  EXPECT_THAT(
      answer("INSERT INTO ledger.budget_version (fund, year, version) VALUES ('F-1234', 2025, "
             "1); INSERT INTO ledger.budget_line VALUES ('F-1234', 2025, 1, 'golf', 5)"),
      StartsWith("23503"));
}

class Documents : public LedgerTest {
protected:
  static std::string document(const std::string& described, const std::string& held) {
    return "INSERT INTO ledger.document VALUES (sha256('" + described + "'), 'devis.pdf', " +
           "'application/pdf', " + std::to_string(described.size()) +
           ");"
           "INSERT INTO ledger.document_content VALUES (sha256('" +
           described + "'), '" + held + "')";
  }
};

TEST_F(Documents, HoldWhatTheirFingerprintNames) {
  EXPECT_EQ(answer(document("a quote", "a quote")), "accepted");
  EXPECT_THAT(answer(document("a quote", "another")),
              AllOf(StartsWith("ID010 the contents of the document "),
                    HasSubstr("are not those that its fingerprint and size name")));
  EXPECT_THAT(answer("INSERT INTO ledger.document VALUES (sha256('x'), 'x', 'text/plain', 1)"),
              AllOf(StartsWith("ID010 the document "), HasSubstr("comes without its contents")));
  EXPECT_THAT(
      answer("INSERT INTO ledger.document VALUES (sha256('x'), 'x', 'text/plain', 33554433)"),
      StartsWith("23514"));
  EXPECT_THAT(answer("INSERT INTO ledger.document VALUES (sha256('x'), 'x', 'a script', 1)"),
              StartsWith("23514"));
}

class Engagements : public LedgerTest {
protected:
  Engagements() {
    record("INSERT INTO ledger.vendor VALUES ('other', 'Other');"
           "INSERT INTO ledger.fund (name, calendar) VALUES ('F-2', 'grant');" +
           quote("2024-14", "600", "NULL"));
  }
  static std::string quote(const std::string& number, const std::string& minutes,
                           const std::string& cents, const std::string& until = "'2024-10-31'") {
    return "INSERT INTO ledger.quote (vendor, number, quoted_on, valid_until, service, activity, "
           "minutes, cents, description) VALUES ('koumbit', '" +
           number + "', '2024-09-01', " + until + ", 'tei', 'development', " + minutes + ", " +
           cents + ", 'migration of TEI')";
  }
  static std::string accept(const std::string& number = "2024-14",
                            const std::string& on = "2024-10-01") {
    return "INSERT INTO ledger.engagement (name, kind, fund, vendor, quote_number, accepted_by, "
           "accepted_on) VALUES ('E-1', 'quote', 'F-1234', 'koumbit', '" +
           number + "', 'la direction', '" + on + "')";
  }
  static std::string order(const std::string& name, std::int64_t cents) {
    return "INSERT INTO ledger.engagement (name, kind, fund, vendor, service, cents, accepted_by, "
           "accepted_on, description) VALUES ('" +
           name + "', 'purchase_order', 'F-1234', 'koumbit', 'tei', " + std::to_string(cents) +
           ", 'la direction', '2024-10-01', 'work')";
  }
  static std::string take_back(const std::string& cents = "NULL") {
    return "INSERT INTO ledger.engagement_void (engagement, cents, voided_on, reason) VALUES "
           "('E-1', " +
           cents + ", '2024-11-20', 'done for less')";
  }
  Entry use(std::int64_t minutes) {
    auto entry = work("2024-10-20", minutes);
    entry.service = "tei";
    entry.engagement = "E-1";
    return add(entry);
  }
  // "posted in part: 12000 posted, 0 voided, 108000 left, 0 over"
  std::string state(const std::string& day = "2024-12-31") {
    const auto rows =
        database_.query("SELECT format('%s: %s posted, %s voided, %s left, %s over', state, "
                        "posted_cents, voided_cents, left_cents, over_cents) AS words FROM "
                        "ledger.engagements($1::date) WHERE name = 'E-1'",
                        day);
    return rows.empty() ? "none" : rows.only().text("words");
  }
};

TEST_F(Engagements, TakeOverWhatTheQuoteSays) {
  record(accept());
  const auto rows = database_.query("SELECT service, activity, minutes, cents, description "
                                    "FROM ledger.engagement");
  EXPECT_EQ(rows.only().text("service"), "tei");
  EXPECT_EQ(rows.only().text("activity"), "development");
  EXPECT_EQ(rows.only().integer("minutes"), 600);
  EXPECT_EQ(rows.only().integer("cents"), 120'000); // by the rate of the day
  EXPECT_EQ(rows.only().text("description"), "migration of TEI");
  EXPECT_EQ(state(), "pending: 0 posted, 0 voided, 120000 left, 0 over");
  EXPECT_EQ(state("2024-09-30"), "none");
}

TEST_F(Engagements, AreMadeOfAQuoteOnceAndInTime) {
  EXPECT_EQ(answer(accept("2024-99")), "ID008 there is no quote 2024-99 of koumbit");
  EXPECT_EQ(answer(accept("2024-14", "2024-11-01")),
            "ID008 the quote 2024-14 of koumbit was valid until 2024-10-31; ask for a new one");
  EXPECT_THAT(answer(accept("2024-14", "2024-08-31")),
              StartsWith("ID006 the quote 2024-14 of koumbit is of 2024-09-01, after"));
  EXPECT_THAT(answer(quote("open", "60", "NULL", "NULL") + ";" + accept("open", "2199-01-01")),
              "ID006 2199-01-01 is in the future");
  record(quote("before-the-rates", "60", "NULL", "NULL"));
  record(accept());
  EXPECT_EQ(answer(accept()), "ID008 the quote 2024-14 of koumbit has already been accepted");
  EXPECT_THAT(answer(quote("neither", "NULL", "NULL")), StartsWith("23514"));
}

TEST_F(Engagements, WithoutARateNeedTheirAmount) {
  EXPECT_EQ(answer("INSERT INTO ledger.engagement (name, kind, fund, vendor, service, minutes, "
                   "accepted_by, accepted_on, description) VALUES ('E-9', 'contract', 'F-1234', "
                   "'other', 'tei', 60, 'd', '2024-10-01', 'x')"),
            "ID004 no rate of other on 2024-10-01 to price the hours by; say the amount");
}

TEST_F(Engagements, AreUsedInPartAndTheRestIsVoided) {
  record(accept());
  const auto first = use(60);
  EXPECT_EQ(state(), "posted in part: 12000 posted, 0 voided, 108000 left, 0 over");
  EXPECT_EQ(answer(take_back("108001")),
            "ID008 of the engagement E-1 only 108000 cents are left to void");
  record(take_back("8000"));
  EXPECT_EQ(state(), "posted in part: 12000 posted, 8000 voided, 100000 left, 0 over");
  record(take_back());
  EXPECT_EQ(state(), "voided: 12000 posted, 108000 voided, 0 left, 0 over");
  EXPECT_EQ(answer(take_back()), "ID008 of the engagement E-1 only 0 cents are left to void");
  // What is voided takes no more work, which is recorded without it.
  auto entry = work("2024-10-20", 30);
  entry.engagement = "E-1";
  EXPECT_EQ(refusal_message(entry),
            "what was left of the engagement E-1 was voided; record the work without it");
  // What a reversal frees can be used again, or voided.
  const auto reversal = reverse_entry(database_, first.number, "twice", new_uuid()).entry;
  EXPECT_EQ(reversal.engagement, "E-1");
  EXPECT_EQ(state(), "pending: 0 posted, 108000 voided, 12000 left, 0 over");
  record(take_back());
  EXPECT_EQ(state(), "voided: 0 posted, 120000 voided, 0 left, 0 over");
}

TEST_F(Engagements, NeverStopRealWorkAndNeverPostMoreThanTheyHold) {
  record(accept());
  use(590);
  use(30);
  EXPECT_EQ(state(), "posted: 120000 posted, 0 voided, 0 left, 4000 over");
  reverse_entry(database_, 1, "twice", new_uuid());
  EXPECT_EQ(state(), "posted in part: 6000 posted, 0 voided, 114000 left, 0 over");
}

TEST_F(Engagements, AreUsedByTheirOwnFundAndVendor) {
  record(accept());
  auto entry = work("2024-10-20", 30);
  entry.engagement = "E-2";
  EXPECT_THAT(refusal_message(entry), StartsWith("there is no engagement E-2"));
  entry.engagement = "E-1";
  entry.fund = "F-2";
  EXPECT_EQ(refusal_message(entry),
            "the engagement E-1 is of the fund F-1234 with koumbit, not of F-2 with koumbit");
}

TEST_F(Engagements, OfAClosedMonthCountInTheFirstOpenOne) {
  add("2024-10-20", 30);
  close_month("2024-10");
  record(accept());
  EXPECT_EQ(state("2024-10-31"), "none");
  EXPECT_EQ(state("2024-11-01"), "pending: 0 posted, 0 voided, 120000 left, 0 over");
}

TEST_F(Engagements, AreOrdersToo) {
  EXPECT_EQ(answer(order("E-3", 5000)), "accepted");
  EXPECT_THAT(answer(order("E 3", 5000)), StartsWith("23514"));
  EXPECT_THAT(answer(order("E-3", 0)), StartsWith("23514"));
  EXPECT_THAT(answer(order("E-3", 5000) + ";UPDATE ledger.engagement SET cents = 1"),
              StartsWith("ID001 UPDATE on ledger.engagement is refused"));
}

class Awards : public LedgerTest {};

TEST_F(Awards, SayWhoPaysUntilWhenAndWhenToReport) {
  record("INSERT INTO ledger.grant_award VALUES ('crsh', 'F-1234', 'CRSH', '435-2026-0000', "
         "'2024-04-01', '2027-03-31');"
         "INSERT INTO ledger.grant_deadline (award, due_on, report, label_fr, label_en) VALUES "
         "('crsh', '2025-06-30', 'form-300', 'Formulaire 300', 'Form 300')");
  EXPECT_EQ(answer("UPDATE ledger.grant_award SET ends_on = '2028-03-31'"), "accepted");
  EXPECT_EQ(
      answer("UPDATE ledger.grant_award SET number = 'x'"),
      "ID001 of ledger.grant_award only these may be corrected: ends_on; record a new one instead");
  EXPECT_EQ(answer("UPDATE ledger.grant_deadline SET state = 'met'"), "accepted");
  EXPECT_THAT(answer("DELETE FROM ledger.grant_deadline"), StartsWith("ID001"));
  EXPECT_THAT(answer("INSERT INTO ledger.grant_award VALUES ('x', 'F-1234', 'CRSH', 'n', "
                     "'2024-04-01', '2024-04-01')"),
              StartsWith("23514"));
  EXPECT_EQ(answer("INSERT INTO ledger.vendor_tax_number (vendor, tax, number) VALUES ('koumbit', "
                   "'TPS', '123456789RT0001'), ('koumbit', 'TVQ', '1234567890TQ0001')"),
            "accepted");
  EXPECT_THAT(
      answer("INSERT INTO ledger.vendor_tax_number (vendor, tax, number) VALUES ('koumbit', "
             "'TPS', '1234567890TQ0001')"),
      StartsWith("23514"));
}

} // namespace
} // namespace intendance::billing
