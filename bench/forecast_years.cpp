// SPDX-License-Identifier: AGPL-3.0-or-later
// The product's forecast for the backtest: one case a line on standard input, one estimate a line
// on standard output, both in JSON. bench/funds.py makes the cases.
#include "billing/forecast/forecast.hpp"
#include "core/error.hpp"

#include <nlohmann/json.hpp>

#include <iostream>

namespace {

using namespace intendance;
using billing::Cents;
using nlohmann::json;

Cents cents(const json& object, const char* key) {
  return Cents(object.at(key).get<std::int64_t>());
}

billing::ForecastInput read_case(const json& from) {
  billing::ForecastInput input;
  input.year =
      billing::fiscal_year(from.at("year").get<int>(), from.at("first_month").get<unsigned>());
  input.today = core::parse_date(from.at("today").get<std::string>());
  input.budget = cents(from, "budget_cents");
  for (const auto& month : from.at("plan_cents"))
    input.plan.emplace_back(month.get<std::int64_t>());
  for (const auto& spent : from.at("spent")) {
    input.spent.push_back({billing::parse_month(spent.at("month").get<std::string>()),
                           cents(spent, "ordinary_cents"), cents(spent, "engaged_cents"),
                           cents(spent, "recurring_cents")});
  }
  for (const auto& engagement : from.at("engagements")) {
    billing::OpenEngagement open{cents(engagement, "left_cents"), std::nullopt};
    const auto& until = engagement.at("until");
    if (!until.is_null()) open.until = core::parse_date(until.get<std::string>());
    input.engagements.push_back(open);
  }
  for (const auto& due : from.at("due")) {
    input.due.push_back({core::parse_date(due.at("day").get<std::string>()), cents(due, "cents")});
  }
  return input;
}

json as_json(const billing::Forecast& forecast) {
  const auto day = [](const std::optional<core::Date>& date) {
    return date ? json(core::format_date(*date)) : json(nullptr);
  };
  return {{"low", forecast.cost.low.count()},
          {"middle", forecast.cost.middle.count()},
          {"high", forecast.cost.high.count()},
          {"exhausted", day(forecast.exhausted)},
          {"verdict", billing::verdict_name(forecast.verdict)},
          {"underspending", forecast.underspending}};
}

} // namespace

int main() {
  std::string line;
  std::int64_t number = 0;
  while (std::getline(std::cin, line)) {
    ++number;
    try {
      std::cout << as_json(billing::forecast_year(read_case(json::parse(line)))) << '\n';
    } catch (const std::exception& error) {
      std::cerr << "forecast_years: case " << number << ": " << error.what() << '\n';
      return 1;
    }
  }
  return 0;
}
