// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/metrics.hpp"
#include "billing/server.hpp"
#include "core/exposition.hpp"
#include "tests/billing/sample_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace intendance::billing {
namespace {

using testing::HasSubstr;
using testing::Not;

Forecast sample_forecast(const Balance& balance) {
  ForecastInput input;
  input.year = balance.year;
  input.budget = balance.budget;
  input.today = balance.as_of;
  for (auto month = parse_month("2026-04"); month <= month_of(balance.as_of);
       month += std::chrono::months(1)) {
    input.spent.push_back({month, Cents(50'000), Cents(0), Cents(0)});
  }
  return forecast_year(input);
}

LedgerView sample_view() {
  const auto report = sample_entries();
  LedgerView view;
  view.read_at = core::parse_utc("2026-11-23T13:12:00Z");
  view.head = report.head;
  view.funds = {
      {report.balance,
       {{report.lines[0].service, report.lines[0].activity, Minutes(1200), Cents(240000)}},
       sample_forecast(report.balance),
       ""}};
  view.open_month = parse_month("2026-10");
  return view;
}

std::string page(const Refresher::Status& status) {
  return core::serialize(ledger_families(status), core::ExpositionFormat::text);
}

TEST(LedgerMetrics, ShowMoneyOnEachBasis) {
  const auto text = page({std::make_shared<const LedgerView>(sample_view()), true});
  EXPECT_THAT(text, HasSubstr("intendance_ledger_up 1\n"));
  EXPECT_THAT(text, HasSubstr("intendance_budget_dollars{fund=\"F-1234\",year=\"2026\","
                              "currency=\"CAD\"} 24000\n"));
  EXPECT_THAT(text, HasSubstr("currency=\"CAD\",basis=\"before_tax\"} 5400\n"));
  EXPECT_THAT(text, HasSubstr("intendance_work_seconds{fund=\"F-1234\",year=\"2026\","
                              "service=\"expositions\",activity=\"development\"} 72000\n"));
  EXPECT_THAT(text, HasSubstr("intendance_ledger_entries 121\n"));
  EXPECT_THAT(text, HasSubstr("intendance_budget_engaged_dollars{fund=\"F-1234\",year=\"2026\","
                              "currency=\"CAD\",basis=\"net\"} 0\n"));
  // 1 October 2026, 00:00 UTC.
  EXPECT_THAT(text, HasSubstr("intendance_ledger_open_month_timestamp_seconds 1790812800\n"));
}

TEST(LedgerMetrics, SayNothingThatIsNotKnown) {
  EXPECT_THAT(page({nullptr, false}), HasSubstr("intendance_ledger_up 0\n"));
  EXPECT_THAT(page({nullptr, false}), Not(HasSubstr("dollars")));
  auto view = sample_view();
  view.funds[0].balance.budget.reset();
  const auto text = page({std::make_shared<const LedgerView>(view), true});
  EXPECT_THAT(text, Not(HasSubstr("intendance_budget_available_dollars")));
  EXPECT_THAT(text, HasSubstr("intendance_budget_spent_dollars"));
}

TEST(LedgerMetrics, ShowTheRestWithoutAForecast) {
  auto view = sample_view();
  view.funds[0].forecast.reset();
  view.funds[0].forecast_failure = "F-1234: too large";
  const auto text = page({std::make_shared<const LedgerView>(view), true});
  EXPECT_THAT(text, Not(HasSubstr("intendance_billing_forecast")));
  EXPECT_THAT(text, HasSubstr("intendance_budget_available_dollars"));
  EXPECT_TRUE(nlohmann::json::parse(budget_json(view))["budgets"][0]["forecast"].is_null());
}

TEST(LedgerMetrics, ShowTheForecast) {
  auto view = sample_view();
  const auto& forecast = *view.funds[0].forecast;
  auto text = page({std::make_shared<const LedgerView>(view), true});
  for (const char* estimate : {"low", "middle", "high"}) {
    EXPECT_THAT(text, HasSubstr("intendance_billing_forecast_dollars{fund=\"F-1234\",year=\"2026\","
                                "currency=\"CAD\",basis=\"net\",estimate=\"" +
                                std::string(estimate) + "\"} "));
  }
  EXPECT_TRUE(forecast.underspending);
  EXPECT_THAT(text, HasSubstr("intendance_billing_forecast_underspending{fund=\"F-1234\",year="
                              "\"2026\",currency=\"CAD\",basis=\"net\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("intendance_billing_forecast_exhaustion_timestamp_seconds{"));
  view.funds[0].forecast->exhausted = core::parse_date("2027-02-01");
  view.funds[0].forecast->exhausted_early.reset();
  text = page({std::make_shared<const LedgerView>(view), true});
  EXPECT_THAT(text, HasSubstr("estimate=\"middle\"} 1801440000\n"));
  // Without a budget there is a cost all the same, and nothing to exhaust.
  ForecastInput input;
  input.year = view.funds[0].balance.year;
  input.today = view.funds[0].balance.as_of;
  view.funds[0].forecast = forecast_year(input);
  text = page({std::make_shared<const LedgerView>(view), true});
  EXPECT_THAT(text, HasSubstr("intendance_billing_forecast_dollars"));
  EXPECT_THAT(text, Not(HasSubstr("intendance_billing_forecast_unspent")));
}

TEST(BudgetJson, FollowsTheApi) {
  auto view = sample_view();
  auto json = nlohmann::json::parse(budget_json(view));
  EXPECT_EQ(json["time"], "2026-11-23T13:12:00Z");
  EXPECT_EQ(json["basis"], "net");
  EXPECT_EQ(json["ledger"]["entries"], 121);
  const auto& budget = json["budgets"][0];
  EXPECT_EQ(budget["from"], "2026-04-01");
  EXPECT_EQ(budget["budget_cents"], 2400000);
  EXPECT_EQ(budget["spent_cents"].get<std::int64_t>() +
                budget["available_cents"].get<std::int64_t>(),
            2400000);
  EXPECT_EQ(budget["forecast"]["verdict"], "underspent");
  EXPECT_EQ(budget["forecast"]["cost"]["high_cents"], view.funds[0].forecast->cost.high.count());
  view.funds[0].balance.budget.reset();
  json = nlohmann::json::parse(budget_json(view));
  EXPECT_EQ(json["budgets"][0]["available_cents"], nullptr);
}

} // namespace
} // namespace intendance::billing
