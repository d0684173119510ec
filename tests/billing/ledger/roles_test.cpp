// SPDX-License-Identifier: AGPL-3.0-or-later
// Each role tries each verb on each table. What it may is listed here; all else is refused.
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

namespace intendance::billing {
namespace {

using Tables = std::set<std::string>;

const Tables by_saisie = {"entry",   "service",       "quote",      "document", "document_content",
                          "signoff", "import_source", "import_item"};
const Tables by_approbation = {"document",       "document_content", "signoff",
                               "period_close",   "period_report",    "engagement",
                               "engagement_void"};
const Tables by_finances = {"quote",
                            "document",
                            "document_content",
                            "signoff",
                            "engagement",
                            "engagement_void",
                            "fund",
                            "budget_version",
                            "budget_line",
                            "budget_basis",
                            "rate",
                            "grant_award",
                            "grant_deadline",
                            "vendor_tax_number",
                            "cost",
                            "cost_end",
                            "invoice",
                            "invoice_line",
                            "invoice_void",
                            "match",
                            "match_undo",
                            "payment"};
const Tables by_administration = {"vendor", "activity", "budget_category", "fiscal_calendar"};
const Tables correctable_by_saisie = {"service"};
const Tables correctable_by_finances = {"fund", "budget_basis", "rate", "grant_award",
                                        "grant_deadline"};
const Tables correctable_by_administration = {"vendor", "activity", "budget_category"};

Tables together(std::initializer_list<Tables> parts) {
  Tables all;
  for (const auto& part : parts) all.insert(part.begin(), part.end());
  return all;
}

struct Rights {
  Tables add;
  Tables correct;
};

const std::map<std::string, Rights> rights = {
    {"lecture", {}},
    {"saisie", {by_saisie, correctable_by_saisie}},
    {"approbation", {by_approbation, {}}},
    {"finances", {by_finances, correctable_by_finances}},
    {"administration",
     {together({by_saisie, by_approbation, by_finances, by_administration}),
      together({correctable_by_saisie, correctable_by_finances, correctable_by_administration})}}};

class EachRole : public LedgerTest, public ::testing::WithParamInterface<std::string> {
protected:
  EachRole() {
    for (const auto& row :
         database_.query("SELECT relname FROM pg_class WHERE relnamespace = 'ledger'::regnamespace "
                         "AND relkind = 'r' ORDER BY 1")) {
      tables_.push_back(row.text("relname"));
    }
  }
  bool denied(const std::string& sql) {
    record("SET ROLE intendance_" + GetParam());
    const bool result = answer(sql).substr(0, 5) == "42501";
    record("RESET ROLE");
    return result;
  }
  // A signature is refused to those whose step it is not, too.
  static std::string addition(const std::string& table) {
    if (table != "signoff") return "INSERT INTO ledger." + table + " DEFAULT VALUES";
    const std::string step = GetParam() == "approbation" ? "approved" : "prepared";
    return "INSERT INTO ledger.signoff (step) VALUES ('" + step + "')";
  }
  // Every column by itself: any that may be written shows.
  bool all_columns_denied(const std::string& table) {
    const auto columns = database_.query("SELECT attname FROM pg_attribute WHERE attrelid = "
                                         "to_regclass('ledger.' || $1) AND attnum > 0 "
                                         "AND attgenerated = '' AND attidentity = ''",
                                         table);
    return std::all_of(columns.begin(), columns.end(), [&](const core::PostgresRow& row) {
      const auto column = row.text("attname");
      return denied("UPDATE ledger." + table + " SET " + column + " = NULL WHERE false");
    });
  }
  std::vector<std::string> tables_;
};

TEST_P(EachRole, MayAddAndCorrectWhatIsListedAndNothingElse) {
  const auto& mine = rights.at(GetParam());
  ASSERT_GT(tables_.size(), 30U);
  for (const auto& table : tables_) {
    EXPECT_FALSE(denied("SELECT count(*) FROM ledger." + table)) << table;
    EXPECT_EQ(denied(addition(table)), !mine.add.contains(table)) << table;
    EXPECT_EQ(all_columns_denied(table), !mine.correct.contains(table)) << table;
    EXPECT_TRUE(denied("DELETE FROM ledger." + table + " WHERE false")) << table;
    EXPECT_TRUE(denied("TRUNCATE ledger." + table + " CASCADE")) << table;
    EXPECT_TRUE(denied("ALTER TABLE ledger." + table + " DISABLE TRIGGER USER")) << table;
  }
  EXPECT_TRUE(denied("CREATE TABLE ledger.mine (n int)"));
  EXPECT_TRUE(denied("DROP FUNCTION ledger.head()"));
  // The journal's trigger, which writes with the owner's rights, on a table of one's own.
  EXPECT_TRUE(
      denied("CREATE TEMPORARY TABLE fund (name text PRIMARY KEY); CREATE TRIGGER journal "
             "AFTER INSERT ON fund FOR EACH ROW EXECUTE FUNCTION ledger.journal_fact('name')"));
  EXPECT_TRUE(denied("SELECT ledger.add_to_journal('fund', '{name}', 'recorded', '{}')"));
}

INSTANTIATE_TEST_SUITE_P(Roles, EachRole,
                         ::testing::Values("lecture", "saisie", "approbation", "finances",
                                           "administration"),
                         [](const auto& role) { return role.param; });

} // namespace
} // namespace intendance::billing
