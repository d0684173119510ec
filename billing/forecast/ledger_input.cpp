// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/ledger_input.hpp"

#include "billing/ledger/taxes.hpp"

namespace intendance::billing {
namespace {

constexpr int earlier_years = 4; // older ones say little, see docs/decisions/0007

} // namespace

ForecastInput read_forecast_input(core::Postgres& database, const Balance& balance) {
  ForecastInput input;
  input.year = balance.year;
  input.budget = balance.budget;
  input.today = balance.as_of;
  const auto first = month_of(balance.year.days.from) - std::chrono::years(earlier_years);
  for (const auto& month :
       posted_months(database, balance.fund.name, {days_of(first).from, balance.as_of})) {
    input.spent.push_back({month.month, month.total.on(balance.basis), Cents(0), Cents(0)});
  }
  return input;
}

FundForecast forecast_fund(core::Postgres& database, const Balance& balance) {
  return {balance.fund, balance.basis, forecast_year(read_forecast_input(database, balance))};
}

} // namespace intendance::billing
