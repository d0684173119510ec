// SPDX-License-Identifier: AGPL-3.0-or-later
// forecast
#include "billing/command_support.hpp"
#include "billing/forecast/render.hpp"

#include <nlohmann/json.hpp>

#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ExitStatus;
using Json = nlohmann::ordered_json;

// Exit status 3 when the budget is overspent or will probably not last, so that a script notices.
ExitStatus status_of(const Forecast& forecast) {
  const bool bad =
      forecast.verdict == Verdict::overspent || forecast.verdict == Verdict::falls_short;
  return bad ? ExitStatus::warnings : ExitStatus::done;
}

ExitStatus forecast_command(CommandContext& context) {
  const auto day =
      context.has("as-of") ? parsed_option(context, "as-of", core::parse_date) : today();
  if (day > today()) {
    throw core::ConfigError("--as-of: " + core::format_date(day) +
                            " is in the future; nobody can know what will have been spent by then");
  }
  auto database = open_ledger(context);
  core::Transaction transaction(database);
  database.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  std::vector<Fund> funds = list_funds(database);
  if (context.has("fund") || funds.empty()) funds = {chosen_fund(context, database)};
  auto status = ExitStatus::done;
  Json array = Json::array();
  for (const auto& fund : funds) {
    const auto year = fiscal_year_of(day, fund.first_month);
    const auto forecast = forecast_fund(database, balance_of(database, fund, year, day));
    if (status_of(forecast.forecast) != ExitStatus::done) status = ExitStatus::warnings;
    if (context.json()) {
      array.push_back(forecast_json(forecast));
    } else {
      context.out() << (&fund == &funds.front() ? "" : "\n")
                    << forecast_text(forecast, context.language());
    }
  }
  transaction.commit();
  if (context.json()) print_json(context, {{"currency", "CAD"}, {"forecasts", array}});
  return status;
}

} // namespace

void register_forecast_commands(core::CommandLine& line) {
  Command command;
  command.name = "forecast";
  command.summary = "Say what the fiscal year will cost, and whether the budget lasts";
  command.example = "intendance forecast --fund F-1234\n"
                    "intendance forecast --as-of 2026-10-31 --lang fr";
  add_text_option(command, "fund", "NAME", "default: every fund");
  add_text_option(command, "as-of", "YYYY-MM-DD",
                  "as if it were that day, by what was posted until then (default: today)");
  add_database_option(command);
  command.run = forecast_command;
  line.add(std::move(command));
}

} // namespace intendance::billing
