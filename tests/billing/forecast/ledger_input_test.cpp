// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/ledger_input.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/uuid.hpp"
#include "tests/billing/ledger_fixture.hpp"

namespace intendance::billing {
namespace {

class ForecastOfLedger : public LedgerTest {
protected:
  Balance balance(const std::string& day) {
    const auto as_of = core::parse_date(day);
    return balance_of(database_, require_fund(database_, "F-1234"), fiscal_year_of(as_of, 4),
                      as_of);
  }
  ForecastInput input(const std::string& day) {
    return read_forecast_input(database_, balance(day));
  }
  std::string engage(std::int64_t cents, const std::optional<Date>& expected_by) {
    NewEngagement engagement;
    engagement.fund = "F-1234";
    engagement.vendor = "koumbit";
    engagement.service = "expositions";
    engagement.activity = "maintenance";
    engagement.amount = Cents(cents);
    engagement.accepted_by = "direction";
    engagement.accepted_on = core::parse_date("2024-05-02");
    engagement.expected_by = expected_by;
    engagement.description = "migration";
    return add_engagement(database_, engagement);
  }
  void pay(CostKind kind, const std::string& first_on, std::optional<int> months,
           const std::optional<std::string>& engagement = std::nullopt) {
    NewCost cost;
    cost.id = new_uuid();
    cost.kind = kind;
    cost.service = "expositions";
    cost.fund = "F-1234";
    cost.vendor = "koumbit";
    cost.engagement = engagement;
    cost.description = "nom de domaine";
    cost.amount = Cents(2'500);
    cost.taxation = Taxation::untaxed;
    cost.first_on = core::parse_date(first_on);
    cost.period_months = months;
    add_cost(database_, cost);
  }
};

TEST_F(ForecastOfLedger, AddsUpToTheBalance) {
  set_budget(database_, {"F-1234", 2024, Cents(2'400'000), ""});
  add("2023-05-10", 300);
  add("2024-04-10", 95);
  add("2024-04-11", 61);
  add("2024-06-02", 45);
  reverse_entry(database_, 4, "twice", new_uuid());
  pay(CostKind::one_off, "2024-06-03", std::nullopt);
  pay(CostKind::recurring, "2024-04-15", 1);
  const auto read = input("2024-06-20");
  Cents year;
  for (const auto& month : read.spent) {
    if (month.month >= parse_month("2024-04")) {
      year += month.ordinary + month.engaged + month.recurring;
    }
  }
  EXPECT_EQ(year, balance("2024-06-20").spent());
  EXPECT_EQ(read.spent.front().month, parse_month("2023-05"));
  EXPECT_EQ(read.budget, Cents(2'400'000));
  const auto& april = *std::find_if(read.spent.begin(), read.spent.end(), [](const auto& month) {
    return month.month == parse_month("2024-04");
  });
  EXPECT_EQ(april.recurring, Cents(2'500));
  EXPECT_EQ(april.engaged, Cents(0));
  EXPECT_EQ(read.spent.back().ordinary, Cents(2'500)) << "June: the work was taken back";
  // From the day after on: nine more months of the domain name.
  ASSERT_EQ(read.due.size(), 9U);
  EXPECT_EQ(read.due.front().day, core::parse_date("2024-07-15"));
  EXPECT_EQ(read.due.back().day, core::parse_date("2025-03-15"));
  EXPECT_EQ(forecast_year(read).spent, balance("2024-06-20").spent());
}

TEST_F(ForecastOfLedger, TellsEngagedWorkFromOther) {
  const auto day = core::parse_date("2024-12-15");
  const auto name = engage(100'000, day);
  engage(50'000, std::nullopt);
  auto engaged = work("2024-06-10", 60);
  engaged.engagement = name;
  add(engaged);
  add("2024-06-11", 180);
  pay(CostKind::one_off, "2024-09-01", std::nullopt, name);
  const auto read = input("2024-07-01");
  ASSERT_EQ(read.spent.size(), 2U);                 // and July, in which nothing is
  EXPECT_EQ(read.spent[0].engaged, Cents(12'833));  // a quarter, rounded
  EXPECT_EQ(read.spent[0].ordinary, Cents(38'497)); // of 513.30 $ in all, taxed once
  ASSERT_EQ(read.engagements.size(), 2U);
  const auto& open = read.engagements[read.engagements[0].until ? 0 : 1];
  EXPECT_EQ(open.until, day);
  EXPECT_EQ(open.left, Cents(94'104)); // 880 $ before tax
  EXPECT_TRUE(read.due.empty()) << "what an engagement pays for is part of what is left of it";
  const auto forecast = forecast_year(read);
  EXPECT_EQ(forecast.engaged, balance("2024-07-01").engaged.net());
}

TEST_F(ForecastOfLedger, OfAnEmptyLedgerIsEmpty) {
  const auto read = input("2024-06-20");
  EXPECT_TRUE(read.spent.empty());
  EXPECT_EQ(read.budget, std::nullopt);
  EXPECT_EQ(forecast_fund(database_, balance("2024-06-20")).forecast.cost.high, Cents(0));
}

} // namespace
} // namespace intendance::billing
