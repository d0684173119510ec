// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/render.hpp"
#include "billing/report/columns.hpp"
#include "core/file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <sstream>

namespace intendance::billing {
namespace {

using core::Language;
using testing::HasSubstr;
using testing::Not;

void expect_golden(const std::string& name, const std::string& text) {
  const std::filesystem::path file = std::filesystem::path(GOLDEN) / name;
  if (std::getenv("ACCEPT_GOLDEN") != nullptr) core::write_file_atomically(file, text);
  EXPECT_EQ(core::read_file(file), text) << "ACCEPT_GOLDEN=1 accepts it as " << name;
}

// October, with engagements and a domain name to come.
ForecastInput sample_input() {
  ForecastInput input;
  input.year = fiscal_year(2026, 4);
  input.budget = Cents(2'400'000);
  input.today = core::parse_date("2026-11-23");
  auto month = parse_month("2025-04");
  for (int number = 0; number < 20; ++number, month += std::chrono::months(1)) {
    const int in_year = number % 12;
    input.spent.push_back(
        {month, Cents(in_year == 3 || in_year == 4 ? 25'664 : 77'000 + 9'000 * (number % 4)),
         Cents(number % 5 == 0 ? 64'160 : 0), Cents(in_year == 8 ? 2'874 : 0)});
  }
  input.engagements = {{Cents(120'000), core::parse_date("2027-01-31")}};
  input.due = {{core::parse_date("2027-02-01"), Cents(9'120)}};
  return input;
}

FundForecast sample(const ForecastInput& input) {
  return {{"F-1234", "Fonctionnement", "CRSH 435-2026-0000", "grant", 4},
          Basis::net,
          forecast_year(input)};
}

TEST(RenderForecast, GivesTheAcceptedText) {
  expect_golden("forecast.fr.txt", forecast_text(sample(sample_input()), Language::french));
  expect_golden("forecast.en.txt", forecast_text(sample(sample_input()), Language::english));
}

TEST(RenderForecast, GivesTheAcceptedJson) {
  expect_golden("forecast.json", forecast_json(sample(sample_input())).dump(2) + "\n");
}

std::vector<ForecastInput> every_situation() {
  std::vector<ForecastInput> inputs;
  auto input = sample_input();
  input.budget.reset();
  inputs.push_back(input); // no budget
  input.spent.clear();
  input.engagements.clear();
  input.due.clear();
  inputs.push_back(input); // nothing at all
  input = sample_input();
  for (const std::int64_t budget : {0, 100'000, 900'000, 1'100'000, 1'400'000}) {
    input.budget = Cents(budget);
    inputs.push_back(input); // from overspent to lasting
  }
  input.today = core::parse_date("2027-04-01");
  inputs.push_back(input); // over
  input = sample_input();
  input.spent.clear();
  inputs.push_back(input); // the plan alone
  input = sample_input();
  input.spent.resize(15); // quiet since August
  inputs.push_back(input);
  input.plan.assign(12, Cents(1));
  input.plan[11] = Cents(20);
  input.spent.resize(0);
  inputs.push_back(input); // a plan for March
  input = sample_input();
  input.budget = Cents(99'999'999'999);
  inputs.push_back(input);
  return inputs;
}

TEST(RenderForecast, KeepsToEightyColumnsAndLeavesNothingWithoutWords) {
  for (const auto& input : every_situation()) {
    for (const auto language : {Language::french, Language::english}) {
      auto forecast = sample(input);
      forecast.fund.label = std::string(30, 'x');
      const auto text = forecast_text(forecast, language);
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(columns(line), 80U) << line;
        EXPECT_NE(line, "  - ") << text;
      }
      for (const auto* reasons :
           {&forecast.forecast.cost_reasons, &forecast.forecast.budget_reasons}) {
        for (const auto& reason : *reasons) {
          EXPECT_NE(reason_words(reason, language), "") << reason_name(reason.code);
          EXPECT_THAT(reason_words(reason, language), Not(HasSubstr("{")));
        }
      }
    }
  }
}

TEST(RenderForecast, ShowsEveryVerdictAndReason) {
  std::vector<std::string> codes;
  for (const auto& input : every_situation()) {
    const auto forecast = forecast_year(input);
    codes.emplace_back(verdict_name(forecast.verdict));
    for (const auto& reason : forecast.cost_reasons) codes.emplace_back(reason_name(reason.code));
    for (const auto& reason : forecast.budget_reasons) codes.emplace_back(reason_name(reason.code));
  }
  for (const char* code : {"no_budget", "lasts", "underspent", "may_fall_short", "falls_short",
                           "overspent", "year_over", "nothing_known", "plan_alone", "pace",
                           "season", "spread", "quiet", "engagements", "recurring"}) {
    EXPECT_THAT(codes, testing::Contains(code));
  }
}

TEST(RenderForecast, SaysNothingOfABudgetThatIsNotThere) {
  auto input = sample_input();
  input.budget.reset();
  const auto text = forecast_text(sample(input), Language::english);
  EXPECT_THAT(text, HasSubstr("No budget is recorded."));
  EXPECT_THAT(text, Not(HasSubstr("left at the end")));
  EXPECT_THAT(text, Not(HasSubstr("exhausted")));
  const auto json = forecast_json(sample(input));
  EXPECT_EQ(json["budget_cents"], nullptr);
  EXPECT_EQ(json["unspent"], nullptr);
  EXPECT_EQ(json["exhausted"], nullptr);
}

} // namespace
} // namespace intendance::billing
