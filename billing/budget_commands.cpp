// SPDX-License-Identifier: AGPL-3.0-or-later
// budget set | show | transfer, rate set | list
#include "billing/command_support.hpp"
#include "billing/ledger/json.hpp"
#include "billing/ledger/rates.hpp"
#include "billing/report/columns.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ExitStatus;
using core::Postgres;
using Json = nlohmann::ordered_json;

int parse_year(const std::string& text) {
  int year = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), year);
  if (fault != std::errc() || end != text.data() + text.size()) {
    throw core::Error("\"" + text +
                      "\" is not a year; a fiscal year is named by the calendar year "
                      "in which it starts, as in 2026");
  }
  return year;
}

void print_balance(const CommandContext& context, const Balance& balance) {
  const auto language = context.language();
  const auto line = [&](std::string_view name, const std::string& value) {
    context.out() << "  " << pad_right(name, 14) << value << '\n';
  };
  const auto amount = [&](Cents cents) { return pad_left(format_money(cents, language), 15); };
  context.out() << balance.fund.name
                << (balance.fund.label.empty() ? "" : " · " + balance.fund.label) << " · "
                << short_day(balance.year.days.from, language) << " – "
                << short_day(balance.year.days.to, language) << '\n';
  line(say(language, "budget", "budget"),
       balance.budget ? amount(*balance.budget)
                      : std::string(say(language, "aucun (intendance budget set en inscrit un)",
                                        "none (intendance budget set records one)")));
  line(say(language, "dépensé", "spent"),
       fmt::format("{}   ({}, {}, {})", amount(balance.spent()),
                   money_on_basis(balance.spent_total().net(), Basis::net, language),
                   money_on_basis(balance.spent_total().gross(), Basis::gross, language),
                   money_on_basis(balance.spent_total().before_tax, Basis::before_tax, language)));
  if (balance.costs.before_tax != Cents(0)) {
    line(say(language, "  dont coûts", "  of it costs"), amount(balance.costs.on(balance.basis)));
  }
  if (balance.engaged.before_tax != Cents(0)) {
    line(say(language, "engagé", "engaged"), amount(balance.engaged.on(balance.basis)));
  }
  if (const auto available = balance.available()) {
    line(say(language, "disponible", "available"),
         amount(*available) + (balance.overspent()
                                   ? std::string(say(language, "   budget dépassé", "   overspent"))
                                   : ""));
  }
  line(say(language, "travail", "work"), pad_left(format_work(balance.work, language), 15));
}

// Exit status 3 when a budget is overspent, so that a script notices.
ExitStatus answer_balances(const CommandContext& context, const std::vector<Balance>& balances) {
  auto status = ExitStatus::done;
  Json array = Json::array();
  for (const auto& balance : balances) {
    if (balance.overspent()) status = ExitStatus::warnings;
    if (context.json()) {
      array.push_back(balance_json(balance));
    } else {
      print_balance(context, balance);
    }
  }
  if (context.json()) print_json(context, {{"currency", "CAD"}, {"budgets", array}});
  return status;
}

ExitStatus set_budget_command(CommandContext& context) {
  NewBudget budget;
  budget.fund = context.text("fund");
  budget.year = parsed_option(context, "year", parse_year);
  budget.amount = parsed_option(context, "amount", parse_money);
  budget.reason = context.text("reason", "");
  auto database = open_ledger(context);
  if (context.has("line")) budget.line = require_category(database, context.text("line")).name;
  core::Transaction transaction(database); // a fund without its budget would be left otherwise
  // A fund keeps its calendar; the option is only needed to make one that differs from grants'.
  auto calendar = context.text("calendar", "grant");
  for (const auto& fund : list_funds(database)) {
    if (fund.name == budget.fund && !context.has("calendar")) calendar = fund.calendar;
  }
  add_fund(database, budget.fund, calendar, optional_text(context, "label"),
           optional_text(context, "award"));
  set_budget(database, budget);
  transaction.commit();
  const auto fund = require_fund(database, budget.fund);
  const auto year = fiscal_year(budget.year, fund.first_month);
  return answer_balances(context, {balance_of(database, fund, year, year.days.to)});
}

ExitStatus transfer_budget_command(CommandContext& context) {
  BudgetTransfer transfer;
  transfer.amount = parsed_option(context, "amount", parse_money);
  transfer.reason = required_words(context, "reason", "why the money moves");
  auto database = open_ledger(context);
  const auto fund = chosen_fund(context, database);
  transfer.fund = fund.name;
  transfer.year = context.has("year") ? parsed_option(context, "year", parse_year)
                                      : fiscal_year_of(today(), fund.first_month).year;
  transfer.from = require_category(database, context.text("from")).name;
  transfer.to = require_category(database, context.text("to")).name;
  const auto version = transfer_budget(database, transfer);
  const auto lines = budget_lines(database, fund.name, transfer.year, version);
  if (context.json()) {
    Json array = Json::array();
    for (const auto& line : lines) {
      array.push_back({{"line", line.name}, {"cents", line.amount.count()}});
    }
    print_json(context, {{"currency", "CAD"},
                         {"fund", fund.name},
                         {"year", transfer.year},
                         {"version", version},
                         {"lines", array}});
    return ExitStatus::done;
  }
  const auto language = context.language();
  context.out() << fmt::format("{} · {} · version {}\n", fund.name, transfer.year, version);
  for (const auto& line : lines) {
    context.out() << "  " << pad_right(line.name, 14)
                  << pad_left(format_money(line.amount, language), 15) << '\n';
  }
  return ExitStatus::done;
}

ExitStatus show_budget(CommandContext& context) {
  std::optional<Basis> basis;
  if (context.has("basis")) basis = parsed_option(context, "basis", parse_basis);
  const auto day = today();
  auto database = open_ledger(context);
  std::vector<Fund> funds = list_funds(database);
  if (context.has("fund") || funds.empty()) funds = {chosen_fund(context, database)};
  std::vector<Balance> balances;
  for (const auto& fund : funds) {
    const auto year = context.has("year") ? fiscal_year(parsed_option(context, "year", parse_year),
                                                        fund.first_month)
                                          : fiscal_year_of(day, fund.first_month);
    balances.push_back(balance_of(database, fund, year, std::min(day, year.days.to), basis));
  }
  return answer_balances(context, balances);
}

void print_rates(const CommandContext& context, Postgres& database) {
  const auto language = context.language();
  Json array = Json::array();
  for (const auto& rate : list_rates(database)) {
    if (context.json()) {
      array.push_back({{"vendor", rate.vendor},
                       {"activity", rate.activity ? Json(*rate.activity) : Json(nullptr)},
                       {"from", core::format_date(rate.from)},
                       {"until", rate.until ? Json(core::format_date(*rate.until)) : Json(nullptr)},
                       {"cents_per_hour", rate.per_hour.count()},
                       {"source", rate.source}});
      continue;
    }
    const auto activity =
        rate.activity.value_or(std::string(say(language, "toute activité", "every activity")));
    context.out() << fmt::format("{} · {} · {}/h · {} – {}{}\n", rate.vendor, activity,
                                 format_money(rate.per_hour, language),
                                 short_day(rate.from, language),
                                 rate.until ? short_day(*rate.until, language) : "…",
                                 rate.source.empty() ? "" : " · " + rate.source);
  }
  if (context.json()) print_json(context, {{"currency", "CAD"}, {"rates", array}});
}

ExitStatus set_rate_command(CommandContext& context) {
  Rate rate;
  rate.vendor = context.text("vendor", settings(context).vendor);
  rate.per_hour = parsed_option(context, "amount", parse_money);
  rate.from = parsed_option(context, "from", core::parse_date);
  if (context.has("until")) rate.until = parsed_option(context, "until", core::parse_date);
  rate.source = context.text("source", "");
  auto database = open_ledger(context);
  if (context.has("activity")) {
    rate.activity = require_activity(database, context.text("activity")).name;
  }
  set_rate(database, rate);
  print_rates(context, database);
  return ExitStatus::done;
}

ExitStatus list_rates_command(CommandContext& context) {
  auto database = open_ledger(context);
  print_rates(context, database);
  return ExitStatus::done;
}

Command budget_set() {
  Command command;
  command.name = "budget set";
  command.summary = "Record a fund's budget for a fiscal year; again: a new version";
  command.arguments = "--fund NAME --year YYYY --amount DOLLARS";
  command.example = "intendance budget set --fund F-1234 --year 2026 --amount 24000 --label "
                    "\"Fonctionnement\" --award \"CRSH 435-2026-0000\"";
  add_text_option(command, "fund", "NAME", "made when it is new");
  add_text_option(command, "year", "YYYY", "the calendar year in which the fiscal year starts");
  add_text_option(command, "amount", "DOLLARS", "as in 24000 or 24000.50");
  add_text_option(command, "line", "NAME",
                  "only this line's, the others staying (default: all on the line services)");
  add_text_option(command, "calendar", "NAME",
                  "of a new fund: grant (1 April, default) or university (1 May)");
  add_text_option(command, "label", "TEXT", "the fund's name in reports");
  add_text_option(command, "award", "TEXT", "the funder's own number");
  add_text_option(command, "reason", "TEXT", "why the budget changes");
  add_database_option(command);
  command.run = set_budget_command;
  return command;
}

Command budget_transfer() {
  auto command =
      ledger_command("budget transfer", "Move money between two lines of a budget (virement)",
                     transfer_budget_command,
                     "intendance budget transfer --from services --to equipment --amount 500 "
                     "\"disque de relève\"");
  command.arguments = "--from LINE --to LINE --amount DOLLARS WHY";
  add_text_option(command, "from", "LINE",
                  "services, hosting, equipment, supplies, salaries, travel");
  add_text_option(command, "to", "LINE", "likewise");
  add_text_option(command, "amount", "DOLLARS", "as in 500 or 500.50");
  add_text_option(command, "fund", "NAME", "default: the configured or only fund");
  add_text_option(command, "year", "YYYY", "in which it starts (default: the one that runs)");
  add_positional(command, {{"reason", -1}});
  return command;
}

Command budget_show() {
  Command command;
  command.name = "budget show";
  command.summary = "Show what is budgeted, spent and available";
  command.example = "intendance budget show --fund F-1234";
  add_text_option(command, "fund", "NAME", "default: every fund");
  add_text_option(command, "year", "YYYY", "default: the fiscal year that runs");
  add_text_option(command, "basis", "NAME", "net, gross or before_tax (default: the fund's)");
  add_database_option(command);
  command.run = show_budget;
  return command;
}

Command rate_set() {
  Command command;
  command.name = "rate set";
  command.summary = "Record what an hour costs from a day on";
  command.arguments = "--amount DOLLARS --from YYYY-MM-DD";
  command.example = "intendance rate set --amount 120 --from 2026-04-01 --source \"devis 2026-14\"";
  add_text_option(command, "amount", "DOLLARS", "for an hour");
  add_text_option(command, "from", "YYYY-MM-DD", "the first day");
  add_text_option(command, "until", "YYYY-MM-DD", "the last day (default: no end)");
  add_text_option(command, "vendor", "NAME", "whose (default: koumbit)");
  add_text_option(command, "activity", "NAME", "only this activity's (default: every activity)");
  add_text_option(command, "source", "TEXT", "the contract or quote that says so");
  add_database_option(command);
  command.run = set_rate_command;
  return command;
}

Command rate_list() {
  Command command;
  command.name = "rate list";
  command.summary = "Show what an hour costs, from when to when";
  command.example = "intendance rate list";
  add_database_option(command);
  command.run = list_rates_command;
  return command;
}

} // namespace

void register_budget_commands(core::CommandLine& line) {
  line.add(budget_set());
  line.add(budget_show());
  line.add(budget_transfer());
  line.add(rate_set());
  line.add(rate_list());
}

} // namespace intendance::billing
