// SPDX-License-Identifier: AGPL-3.0-or-later
// The journal as hledger and ledger read it: no complaint under their strictest checks, and the
// sums that the database has.
#include "billing/ledger/catalogue.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/ledger/uuid.hpp"
#include "billing/report/render.hpp"
#include "core/file.hpp"
#include "core/process.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using core::Language;
using Words = std::vector<std::string>;

class JournalFile : public LedgerTest {
protected:
  MonthlyReport october() {
    return draw_up_report(database_, {parse_month("2024-10"), require_fund(database_, "F-1234"),
                                      "koumbit", test_day});
  }
  std::string write(const MonthlyReport& report, Language language) {
    const auto file = folder_.path() / "report.journal";
    core::write_file_atomically(file, render_hledger(report, language));
    return file.string();
  }
  static std::string answer(const Words& program) {
    std::string out;
    try {
      core::run_program(program, [&](core::ByteView bytes) { out += core::as_text(bytes); }, {});
    } catch (const core::Error& error) {
      ADD_FAILURE() << error.what() << "\n" << out;
    }
    return out;
  }
  // The amount in dollars that hledger gives an account and those below it, at cost.
  static Cents hledger_sum(const std::string& file, const Words& query) {
    Words program = {"hledger", "-f", file, "balance", "-B", "-N", "--depth", "1"};
    program.insert(program.end(), query.begin(), query.end());
    auto text = answer(program); // "           -321.00 CAD  Liabilities"
    text.erase(std::min(text.find(" CAD"), text.size()));
    text.erase(0, text.find_first_not_of(' '));
    return text.starts_with('-') ? -parse_money(text.substr(1)) : parse_money(text);
  }
  void fill() {
    add_service(database_, "nuage", "Nuage: « :date »");
    set_budget(database_, {"F-1234", 2024, Cents(2400001), ""});
    add("2024-04-10", 95);
    add("2024-09-30", 61);
    auto odd = work("2024-10-02", 7);
    odd.description = "mise à jour: [2024-01-01] date:2024-13-45 ; 3 @ 4";
    odd.person = "tag: x";
    add(odd);
    auto other = work("2024-10-01", 100);
    other.service = "nuage";
    other.activity = "development";
    add(other);
    add("2024-10-31", 30);
    reverse_entry(database_, 2, "inscrite deux fois", new_uuid());
    NewCost cost;
    cost.id = new_uuid();
    cost.service = "tei";
    cost.fund = "F-1234";
    cost.description = "domaine: tei.example.org";
    cost.amount = Cents(2999);
    cost.first_on = core::parse_date("2024-10-15");
    add_cost(database_, cost);
    cost.id = new_uuid();
    cost.first_on = core::parse_date("2024-05-15");
    cost.taxation = Taxation::untaxed;
    add_cost(database_, cost);
  }

  core::TemporaryDirectory folder_;
};

TEST_F(JournalFile, SatisfiesTheStrictestChecks) {
  fill();
  for (const auto language : {Language::french, Language::english}) {
    const auto file = write(october(), language);
    answer(
        {"hledger", "-f", file, "check", "--strict", "ordereddates", "payees", "uniqueleafnames"});
    answer({"ledger", "-f", file, "--strict", "--pedantic", "balance"});
  }
}

TEST_F(JournalFile, HasTheSumsOfTheLedger) {
  fill();
  const auto report = october();
  const auto file = write(report, Language::english);
  EXPECT_EQ(hledger_sum(file, {"Expenses"}), report.balance.spent_total().net());
  EXPECT_EQ(hledger_sum(file, {"Liabilities"}), -report.balance.spent_total().gross());
  EXPECT_EQ(hledger_sum(file, {"Assets"}), report.balance.spent_total().rebate());
  const auto sql = database_.query("SELECT sum(cents)::bigint AS cents FROM ledger.entry "
                                   "WHERE fund = 'F-1234' AND posted_on <= '2024-10-31'");
  EXPECT_EQ(hledger_sum(file, {"Hours-"}), Cents(sql.only().integer("cents")));
  const auto month = database_.query("SELECT sum(cents)::bigint AS cents FROM ledger.entry "
                                     "WHERE posted_on BETWEEN '2024-10-01' AND '2024-10-31'");
  EXPECT_EQ(hledger_sum(file, {"Hours-", "date:2024-10", "not:payee:Carried-forward"}),
            Cents(month.only().integer("cents")));
}

TEST_F(JournalFile, IsRefusedWhenOneCentIsChanged) {
  fill();
  auto report = october();
  report.entries[0].amount += Cents(1);
  const auto file = write(report, Language::french);
  EXPECT_THROW(core::run_program({"hledger", "-f", file, "check"}, [](core::ByteView) {}, {}),
               core::Error);
}

TEST_F(JournalFile, OfAnEmptyLedgerIsOneToo) {
  const auto file = write(october(), Language::french);
  answer({"hledger", "-f", file, "check", "--strict", "ordereddates", "payees", "uniqueleafnames"});
  answer({"ledger", "-f", file, "--strict", "--pedantic", "balance"});
}

} // namespace
} // namespace intendance::billing
