// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/budget.hpp"
#include "billing/ledger/taxes.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::HasSubstr;

class Budgets : public LedgerTest {
protected:
  Balance balance(const std::string& day, std::optional<Basis> basis = std::nullopt) {
    const auto as_of = core::parse_date(day);
    const auto fund = require_fund(database_, "F-1234");
    return balance_of(database_, fund, fiscal_year_of(as_of, fund.first_month), as_of, basis);
  }
};

TEST_F(Budgets, CountTheNewestVersion) {
  EXPECT_EQ(balance("2024-11-23").budget, std::nullopt);
  EXPECT_EQ(set_budget(database_, {"F-1234", 2024, Cents(2400000), "initial"}), 1);
  EXPECT_EQ(set_budget(database_, {"F-1234", 2024, Cents(2000000), "virement"}), 2);
  EXPECT_EQ(balance("2024-11-23").budget, Cents(2000000));
  EXPECT_EQ(balance("2025-04-01").budget, std::nullopt);
}

TEST_F(Budgets, AreSpentNetOfRebatesUnlessTheLedgerSaysOtherwise) {
  set_budget(database_, {"F-1234", 2024, Cents(100000), ""});
  add("2024-11-20", 90);
  EXPECT_EQ(balance("2024-11-23").spent(), Cents(19249)); // 180.00 + 26.96 - 14.47
  EXPECT_EQ(balance("2024-11-23").available(), Cents(100000 - 19249));
  EXPECT_EQ(balance("2024-11-23", Basis::gross).spent(), Cents(20696));
  database_.query("INSERT INTO ledger.budget_basis VALUES ('F-1234', '[2024-04-01,)', 'gross')");
  EXPECT_EQ(balance("2024-11-23").basis, Basis::gross);
  EXPECT_EQ(balance("2024-11-23").spent(), Cents(20696));
}

TEST_F(Budgets, CountEachMonthAsOneInvoice) {
  add("2024-10-20", 70); // 140.00, whose TVQ is 13.965
  add("2024-11-20", 35);
  add("2024-11-21", 35);
  const auto total = balance("2024-11-23").total;
  EXPECT_EQ(total.before_tax, Cents(28000));
  EXPECT_EQ(total.taxes.at(1).tax, Cents(2 * 1397));
}

TEST_F(Budgets, CountWorkInTheYearInWhichItWasDone) {
  add("2024-03-31", 60);
  add("2024-04-01", 30);
  EXPECT_EQ(balance("2024-03-31").work, Minutes(60));
  EXPECT_EQ(balance("2024-11-23").work, Minutes(30));
  EXPECT_EQ(balance("2024-03-31").year.year, 2023);
}

TEST_F(Budgets, AreOverspentOnlyBeyondTheLastCent) {
  add("2024-11-20", 90);
  set_budget(database_, {"F-1234", 2024, Cents(19249), ""});
  EXPECT_FALSE(balance("2024-11-23").overspent());
  set_budget(database_, {"F-1234", 2024, Cents(19248), ""});
  EXPECT_TRUE(balance("2024-11-23").overspent());
}

TEST_F(Budgets, ThatCannotBeAreRefused) {
  EXPECT_THROW(set_budget(database_, {"F-1234", 26, Cents(1), ""}), core::Error);
  EXPECT_THROW(set_budget(database_, {"F-1234", 2024, Cents(INT64_MAX), ""}), core::Error);
  EXPECT_THROW(set_budget(database_, {"F-9999", 2024, Cents(1), ""}), core::Error);
}

TEST_F(Budgets, SayHowMuchWorkTheyStillBuy) {
  const auto rates = tax_rates(database_, test_day);
  ASSERT_EQ(rates.size(), 2U);
  // 10 000 $ at 120 $/h: 83.3 h before taxes, 77.9 h net of rebates, 72.5 h with taxes.
  const auto buys = [&](Basis basis) {
    return affordable_work(Cents(1000000), Cents(12000), rates, basis).count();
  };
  EXPECT_EQ(buys(Basis::before_tax), 5000);
  EXPECT_EQ(buys(Basis::net), 4675);
  EXPECT_EQ(buys(Basis::gross), 4348);
  EXPECT_EQ(affordable_work(Cents(0), Cents(12000), rates, Basis::net), Minutes(0));
  EXPECT_EQ(affordable_work(Cents(-5), Cents(12000), rates, Basis::net), Minutes(0));
}

class Funds : public LedgerTest {};

TEST_F(Funds, KeepTheirCalendarAndMayBeRenamed) {
  add_fund(database_, "F-5678", "university", "Projet", std::nullopt);
  add_fund(database_, "F-5678", "university", "Projet TEI", "FRQ-1");
  EXPECT_EQ(require_fund(database_, "F-5678").label, "Projet TEI");
  EXPECT_EQ(require_fund(database_, "F-5678").first_month, 5U);
  EXPECT_THROW(add_fund(database_, "F-5678", "grant", std::nullopt, std::nullopt), core::Error);
  EXPECT_THROW(add_fund(database_, "F-9", "lunar", std::nullopt, std::nullopt), core::Error);
  EXPECT_THROW(add_fund(database_, "a b", "grant", std::nullopt, std::nullopt), core::Error);
}

TEST_F(Funds, AreChosenByNameWhereThereAreSeveral) {
  EXPECT_EQ(require_fund(database_, std::nullopt).name, "F-1234");
  add_fund(database_, "F-5678", "grant", std::nullopt, std::nullopt);
  try {
    require_fund(database_, std::nullopt);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("F-1234 · F-5678"));
  }
}

} // namespace
} // namespace intendance::billing
