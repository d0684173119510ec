// SPDX-License-Identifier: AGPL-3.0-or-later
// Tampering by whoever owns the server, and what finds it.
#include "billing/ledger/budget.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

#include <set>

namespace intendance::billing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> words(const std::vector<LedgerFault>& faults) {
  std::vector<std::string> lines;
  for (const auto& fault : faults) lines.push_back(fault.what + ": " + fault.fault);
  return lines;
}

class Chain : public LedgerTest {
protected:
  Chain() {
    add("2024-10-20", 30);
    set_budget(database_, {"F-1234", 2024, Cents(100'000), ""});
    add("2024-10-21", 30);
    record("INSERT INTO ledger.vendor_tax_number (vendor, tax, number) VALUES ('koumbit', 'TPS', "
           "'123456789RT0001')");
  }

  struct Findings {
    std::vector<std::string> chain;
    std::vector<std::string> facts;
    bool head_holds;
  };
  // Only by taking the guards away can the owner of the server do this. It is undone afterwards.
  Findings tamper(const std::string& table, const std::string& sql) {
    const auto printed = ledger_head(database_).hash;
    core::Transaction transaction(database_);
    record("SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE ledger." + table + " DISABLE TRIGGER USER;" +
           sql + "; ALTER TABLE ledger." + table + " ENABLE TRIGGER USER");
    return {words(chain_faults(database_)), words(fact_faults(database_)),
            chain_holds(database_, printed)};
  }
};

TEST_F(Chain, IsOneOverEntriesAndFacts) {
  EXPECT_THAT(words(ledger_faults(database_)), IsEmpty());
  const auto before = ledger_head(database_);
  record("UPDATE ledger.vendor SET label = 'Koumbit inc.'");
  const auto after = ledger_head(database_);
  EXPECT_NE(after.hash, before.hash);
  EXPECT_EQ(after.entries, before.entries);
  EXPECT_EQ(after.facts, before.facts + 1);
  EXPECT_TRUE(chain_holds(database_, before.hash));
  EXPECT_THAT(words(ledger_faults(database_)), IsEmpty());
  EXPECT_EQ(count("ledger.journal WHERE subject = 'vendor' AND action = 'changed' AND contents = "
                  "ARRAY['Koumbit inc.', 'koumbit'] AND recorded_by = 'postgres'"),
            1);
}

TEST_F(Chain, NamesAChangedFact) {
  const auto found = tamper("budget_line", "UPDATE ledger.budget_line SET cents = 1");
  EXPECT_THAT(found.chain, IsEmpty());
  EXPECT_THAT(found.facts,
              ElementsAre("budget_line F-1234 2024 1 services: is not what was recorded"));
}

TEST_F(Chain, NamesARemovedFactAndOneThatWasSlippedIn) {
  EXPECT_THAT(
      tamper("vendor_tax_number", "DELETE FROM ledger.vendor_tax_number").facts,
      ElementsAre("vendor_tax_number koumbit TPS 2000-01-01: was recorded and is not there"));
  EXPECT_THAT(tamper("service", "INSERT INTO ledger.service (name) VALUES ('ghost')").facts,
              ElementsAre("service ghost: was never recorded"));
}

TEST_F(Chain, NamesAChangedJournal) {
  const auto last = ledger_head(database_).facts;
  const auto found =
      tamper("journal", "UPDATE ledger.journal SET contents = ARRAY['9', '9', '9', '9'] "
                        "WHERE number = " +
                            std::to_string(last));
  EXPECT_THAT(found.chain,
              ElementsAre("fact " + std::to_string(last) +
                          ": the fact, or the link before it, is not what was recorded"));
  EXPECT_EQ(found.facts.size(), 1U);
}

TEST_F(Chain, NamesARemovedLinkOfEitherKind) {
  // The place and the hash of the link behind it show it, and the numbers say of which kind it was.
  EXPECT_THAT(tamper("entry", "DELETE FROM ledger.entry WHERE number = 1").chain,
              testing::Contains("0001: of the entries, 1 is missing"));
  const auto last = ledger_head(database_).facts;
  EXPECT_THAT(
      tamper("journal", "DELETE FROM ledger.journal WHERE number = " + std::to_string(last - 1))
          .chain,
      testing::Contains("fact " + std::to_string(last - 1) + ": of the facts, " +
                        std::to_string(last - 1) + " is missing"));
}

TEST_F(Chain, NoticesThatItsEndIsGone) {
  const auto last = std::to_string(ledger_head(database_).facts);
  const auto found = tamper("journal", "DELETE FROM ledger.journal WHERE number = " + last);
  EXPECT_THAT(found.chain, IsEmpty()); // what is left is whole
  EXPECT_FALSE(found.head_holds);      // but the printed head is gone
  EXPECT_THAT(found.facts,
              ElementsAre("vendor_tax_number koumbit TPS 2000-01-01: was never recorded"));
}

TEST_F(Chain, CannotBeHealedByHashingOneLinkAnew) {
  const auto found =
      tamper("entry",
             "UPDATE ledger.entry e SET person = 'x' WHERE number = 2;"
             "UPDATE ledger.entry e SET hash = ledger.entry_hash((SELECT hash FROM ledger.journal "
             "WHERE place = e.place - 1), e) WHERE number = 2");
  EXPECT_EQ(found.chain.size(), 1U); // the fact behind it
  EXPECT_TRUE(found.head_holds);     // the end was not touched
}

TEST_F(Chain, NoticesGuardsThatAreOff) {
  core::Transaction transaction(database_);
  record("ALTER TABLE ledger.payment DISABLE TRIGGER append_only; DROP TRIGGER journal ON "
         "ledger.cost");
  EXPECT_THAT(words(guard_faults(database_)),
              ElementsAre("payment: its guard append_only is switched off",
                          "cost: its guard journal is gone"));
}

TEST_F(Chain, NoticesADocumentOfOtherBytes) {
  record("INSERT INTO ledger.document VALUES (sha256('a quote'), 'q.txt', 'text/plain', 7);"
         "INSERT INTO ledger.document_content VALUES (sha256('a quote'), 'a quote')");
  EXPECT_THAT(
      tamper("document_content", "UPDATE ledger.document_content SET content = 'another'").facts,
      ElementsAre(testing::HasSubstr("does not hold what its fingerprint names")));
}

TEST_F(Chain, HoldsWhateverTheSessionsSettingsAre) {
  record("SET datestyle = 'German, DMY'; SET timezone = 'Asia/Tokyo'; SET bytea_output = 'escape';"
         "INSERT INTO ledger.tax_rule (tax, valid, parts_per_100000) VALUES ('TPX', "
         "'[2030-02-01,)', 1);"
         "RESET datestyle; SET timezone = 'UTC'; RESET bytea_output");
  EXPECT_THAT(words(ledger_faults(database_)), IsEmpty());
  EXPECT_EQ(count("ledger.journal WHERE subject = 'tax_rule' AND '[2030-02-01,)' = ANY (contents)"),
            1);
}

TEST_F(Chain, CoversEveryTableOfFacts) {
  const std::set<std::string> apart = {
      "entry", "journal", "migration", "document_content", "import_source", "import_item"};
  std::vector<std::string> journaled;
  for (const auto& row : database_.query(
           "SELECT c.relname, EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = c.oid AND tgname "
           "= "
           "'journal' AND tgenabled = 'A') AS journaled FROM pg_class c WHERE relnamespace = "
           "'ledger'::regnamespace AND relkind = 'r' ORDER BY relname::text COLLATE \"C\"")) {
    const auto table = row.text("relname");
    EXPECT_EQ(row.boolean("journaled"), !apart.contains(table)) << table;
    if (row.boolean("journaled")) journaled.push_back(table);
  }
  EXPECT_EQ(journaled, journaled_subjects());
}

} // namespace
} // namespace intendance::billing
