// SPDX-License-Identifier: AGPL-3.0-or-later
// grant add | list | extend, deadline add | set, vendor list | tax-number, budget add-line | lines
// | basis
#include "billing/command_support.hpp"
#include "billing/ledger/grants.hpp"
#include "billing/report/columns.hpp"
#include "billing/report/words.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using core::Language;
using Json = nlohmann::ordered_json;

std::string_view state_words(const std::string& state, Language language) {
  if (state == "met") return say(language, "remis", "met");
  if (state == "withdrawn") return say(language, "retiré", "withdrawn");
  return say(language, "à remettre", "open");
}

void print_award(const CommandContext& context, const GrantAward& award) {
  const auto language = context.language();
  context.out() << fmt::format("{} · {} {} · {} · {} – {}\n", award.name, award.funder,
                               award.number, award.fund, short_day(award.days.from, language),
                               short_day(award.days.to, language));
  for (const auto& deadline : award.deadlines) {
    context.out() << fmt::format("  {} · {} · {} · {}\n", short_day(deadline.due_on, language),
                                 deadline.report,
                                 say(language, deadline.label_french, deadline.label_english),
                                 state_words(deadline.state, language));
  }
}

Json award_json(const GrantAward& award) {
  Json deadlines = Json::array();
  for (const auto& deadline : award.deadlines) {
    deadlines.push_back({{"due_on", core::format_date(deadline.due_on)},
                         {"report", deadline.report},
                         {"label_fr", deadline.label_french},
                         {"label_en", deadline.label_english},
                         {"state", deadline.state}});
  }
  return {{"name", award.name},
          {"fund", award.fund},
          {"funder", award.funder},
          {"number", award.number},
          {"from", core::format_date(award.days.from)},
          {"to", core::format_date(award.days.to)},
          {"deadlines", std::move(deadlines)}};
}

ExitStatus answer_awards(const CommandContext& context, const std::vector<GrantAward>& awards) {
  Json array = Json::array();
  for (const auto& award : awards) {
    if (context.json()) {
      array.push_back(award_json(award));
    } else {
      print_award(context, award);
    }
  }
  if (context.json()) print_json(context, {{"grants", array}});
  if (!context.json() && awards.empty()) {
    context.out() << say(context.language(), "aucune subvention\n", "no grants\n");
  }
  return ExitStatus::done;
}

ExitStatus add_grant_command(CommandContext& context) {
  GrantAward award;
  award.name = required_word(context, "name", "the grant's name");
  award.funder = context.text("funder");
  award.number = context.text("number");
  award.days = {parsed_option(context, "from", core::parse_date),
                parsed_option(context, "until", core::parse_date)};
  auto database = open_ledger(context);
  award.fund = chosen_fund(context, database).name;
  add_award(database, award);
  return answer_awards(context, {require_award(database, award.name)});
}

ExitStatus list_grants_command(CommandContext& context) {
  auto database = open_ledger(context);
  std::optional<std::string> fund;
  if (context.has("fund")) fund = chosen_fund(context, database).name;
  return answer_awards(context, list_awards(database, fund));
}

ExitStatus extend_grant_command(CommandContext& context) {
  const auto name = required_word(context, "name", "the grant's name");
  const auto day = parsed_option(context, "until", core::parse_date);
  auto database = open_ledger(context);
  extend_award(database, require_award(database, name).name, day);
  return answer_awards(context, {require_award(database, name)});
}

ExitStatus add_deadline_command(CommandContext& context) {
  GrantDeadline deadline;
  deadline.award = required_word(context, "grant", "the grant's name");
  deadline.report = required_word(context, "report", "the report's name, such as form-300");
  deadline.due_on = parsed_option(context, "due", core::parse_date);
  deadline.label_french = context.text("label-fr", deadline.report);
  deadline.label_english = context.text("label-en", deadline.report);
  auto database = open_ledger(context);
  require_award(database, deadline.award);
  add_deadline(database, deadline);
  return answer_awards(context, {require_award(database, deadline.award)});
}

// Without --due, of the only open deadline of that report.
Date due_day(const CommandContext& context, const GrantAward& award, const std::string& report) {
  if (context.has("due")) return parsed_option(context, "due", core::parse_date);
  std::vector<Date> days;
  for (const auto& deadline : award.deadlines) {
    if (deadline.report == report && deadline.state == "open") days.push_back(deadline.due_on);
  }
  if (days.size() != 1) {
    throw ConfigError("--due is missing: the grant " + award.name + " has " +
                      (days.empty() ? "no" : "several") + " open deadlines of " + report);
  }
  return days.front();
}

ExitStatus set_deadline_command(CommandContext& context) {
  const auto name = required_word(context, "grant", "the grant's name");
  const auto report = required_word(context, "report", "the report's name, such as form-300");
  const auto state = context.text("becomes", "met");
  if (state != "met" && state != "withdrawn" && state != "open") {
    throw ConfigError("\"" + state + "\" is not a state; allowed: met · withdrawn · open");
  }
  auto database = open_ledger(context);
  const auto award = require_award(database, name);
  set_deadline(database, name, report, due_day(context, award, report), state);
  return answer_awards(context, {require_award(database, name)});
}

ExitStatus answer_vendors(const CommandContext& context, core::Postgres& database,
                          const std::vector<CatalogueItem>& vendors) {
  const auto numbers = list_tax_numbers(database);
  Json array = Json::array();
  for (const auto& vendor : vendors) {
    Json own = Json::array();
    if (!context.json()) context.out() << pad_right(vendor.name, 24) << vendor.label_french << '\n';
    for (const auto& number : numbers) {
      if (number.vendor != vendor.name) continue;
      own.push_back({{"tax", number.tax},
                     {"since", core::format_date(number.since)},
                     {"number", number.number}});
      if (context.json()) continue;
      context.out() << fmt::format("  {} {} · {} {}\n", tax_label(number.tax, context.language()),
                                   number.number, say(context.language(), "depuis le", "since"),
                                   short_day(number.since, context.language()));
    }
    array.push_back({{"name", vendor.name}, {"label", vendor.label_french}, {"tax_numbers", own}});
  }
  if (context.json()) print_json(context, {{"vendors", array}});
  return ExitStatus::done;
}

ExitStatus list_vendors_command(CommandContext& context) {
  auto database = open_ledger(context);
  return answer_vendors(context, database, list_vendors(database));
}

ExitStatus tax_number_command(CommandContext& context) {
  const auto name = required_word(context, "name", "the vendor's name");
  if (!context.has("tps") && !context.has("tvq"))
    throw ConfigError("which number? --tps, --tvq, or both");
  const auto since =
      parsed_option_or(context, "since", core::parse_date, core::parse_date("2000-01-01"));
  auto database = open_ledger(context);
  const auto vendor = require_vendor(database, name);
  core::Transaction transaction(database);
  for (const auto& [option, tax] : {std::pair{"tps", "TPS"}, std::pair{"tvq", "TVQ"}}) {
    if (!context.has(option)) continue;
    auto number = context.text(option);
    number.erase(std::remove(number.begin(), number.end(), ' '), number.end());
    add_tax_number(database, {vendor.name, tax, since, number});
  }
  transaction.commit();
  return answer_vendors(context, database, {vendor});
}

ExitStatus add_line_command(CommandContext& context) {
  CatalogueItem category{required_word(context, "name", "the line's name"), "", ""};
  category.label_french = context.text("label-fr", category.name);
  category.label_english = context.text("label-en", category.name);
  auto database = open_ledger(context);
  const bool added = add_category(database, category);
  if (context.json()) {
    print_json(context, {{"kind", "line"}, {"name", category.name}, {"added", added}});
  } else {
    context.out() << category.name << ' '
                  << (added ? say(context.language(), "est inscrit", "is recorded")
                            : say(context.language(), "était déjà inscrit", "was recorded already"))
                  << '\n';
  }
  return ExitStatus::done;
}

ExitStatus list_lines_command(CommandContext& context) {
  auto database = open_ledger(context);
  Json array = Json::array();
  for (const auto& line : list_categories(database)) {
    if (context.json()) {
      array.push_back(
          {{"name", line.name}, {"label_fr", line.label_french}, {"label_en", line.label_english}});
    } else {
      context.out() << pad_right(line.name, 24)
                    << say(context.language(), line.label_french, line.label_english) << '\n';
    }
  }
  if (context.json()) print_json(context, {{"lines", array}});
  return ExitStatus::done;
}

ExitStatus basis_command(CommandContext& context) {
  const auto word =
      required_word(context, "basis", "what the budget pays: net, gross or before_tax");
  const auto basis = [&] {
    try {
      return parse_basis(word);
    } catch (const core::Error& error) {
      throw ConfigError(error.what());
    }
  }();
  const auto from = parsed_option_or(context, "from", core::parse_date, today());
  auto database = open_ledger(context);
  const auto fund = chosen_fund(context, database);
  set_basis(database, fund.name, basis, from);
  if (context.json()) {
    print_json(
        context,
        {{"fund", fund.name}, {"basis", basis_name(basis)}, {"from", core::format_date(from)}});
  } else {
    context.out() << fmt::format("{} · {} · {} {}\n", fund.name, basis_name(basis),
                                 say(context.language(), "dès le", "from"),
                                 short_day(from, context.language()));
  }
  return ExitStatus::done;
}

Command grant_add() {
  auto command = ledger_command(
      "grant add", "Record the grant behind a fund", add_grant_command,
      "intendance grant add crsh-2026 --funder CRSH --number 435-2026-0000 --from 2026-04-01 "
      "--until 2029-03-31");
  command.arguments = "NAME --funder NAME --number NUMBER --from YYYY-MM-DD --until YYYY-MM-DD";
  add_text_option(command, "funder", "NAME", "who gives it");
  add_text_option(command, "number", "NUMBER", "the funder's own");
  add_text_option(command, "from", "YYYY-MM-DD", "its first day");
  add_text_option(command, "until", "YYYY-MM-DD", "its last day");
  add_text_option(command, "fund", "NAME", "default: the configured or only fund");
  add_positional(command, {{"name", 1}});
  return command;
}

Command deadline_add() {
  auto command = ledger_command(
      "deadline add", "Record when a grant wants a report", add_deadline_command,
      "intendance deadline add crsh-2026 form-300 --due 2027-06-30 --label-fr \"Formulaire 300\"");
  command.arguments = "GRANT REPORT --due YYYY-MM-DD";
  add_text_option(command, "due", "YYYY-MM-DD", "the last day");
  add_text_option(command, "label-fr", "TEXT", "its name in French");
  add_text_option(command, "label-en", "TEXT", "its name in English");
  add_positional(command, {{"grant", 1}, {"report", 1}});
  return command;
}

Command deadline_set() {
  auto command =
      ledger_command("deadline set", "Say that a report was handed in, or is no longer wanted",
                     set_deadline_command, "intendance deadline set crsh-2026 form-300 met");
  command.arguments = "GRANT REPORT [met|withdrawn|open]";
  add_text_option(command, "due", "YYYY-MM-DD", "of which day (default: the only open one)");
  add_positional(command, {{"grant", 1}, {"report", 1}, {"becomes", 1}});
  return command;
}

Command vendor_tax_number() {
  auto command =
      ledger_command("vendor tax-number", "Record a vendor's tax numbers", tax_number_command,
                     "intendance vendor tax-number koumbit --tps \"123456789 RT0001\" --tvq "
                     "\"1234567890 TQ0001\"");
  command.arguments = "NAME --tps NUMBER --tvq NUMBER";
  add_text_option(command, "tps", "NUMBER", "as in 123456789 RT0001");
  add_text_option(command, "tvq", "NUMBER", "as in 1234567890 TQ0001");
  add_text_option(command, "since", "YYYY-MM-DD",
                  "the day from which it holds (default: from the beginning)");
  add_positional(command, {{"name", 1}});
  return command;
}

Command budget_add_line() {
  auto command = ledger_command(
      "budget add-line", "Add a line that budgets may have (poste budgétaire)", add_line_command,
      "intendance budget add-line training --label-fr formation --label-en training");
  command.arguments = "NAME";
  add_text_option(command, "label-fr", "TEXT", "its name in French");
  add_text_option(command, "label-en", "TEXT", "its name in English");
  add_positional(command, {{"name", 1}});
  return command;
}

Command budget_basis() {
  auto command = ledger_command(
      "budget basis", "Say whether a fund pays net of tax rebates, gross or before tax",
      basis_command, "intendance budget basis gross --fund F-1234 --from 2027-04-01");
  command.arguments = "net|gross|before_tax";
  add_text_option(command, "fund", "NAME", "default: the configured or only fund");
  add_text_option(command, "from", "YYYY-MM-DD", "the first day (default: today)");
  add_positional(command, {{"basis", 1}});
  return command;
}

} // namespace

void register_grant_commands(core::CommandLine& line) {
  line.add(grant_add());
  auto list = ledger_command("grant list", "Show grants and when they want reports",
                             list_grants_command, "intendance grant list");
  add_text_option(list, "fund", "NAME", "only this fund's");
  line.add(std::move(list));
  auto extend = ledger_command("grant extend", "Give a grant another end", extend_grant_command,
                               "intendance grant extend crsh-2026 --until 2030-03-31");
  extend.arguments = "NAME --until YYYY-MM-DD";
  add_text_option(extend, "until", "YYYY-MM-DD", "its last day");
  add_positional(extend, {{"name", 1}});
  line.add(std::move(extend));
  line.add(deadline_add());
  line.add(deadline_set());
  line.add(ledger_command("vendor list", "Show who does billable work, with tax numbers",
                          list_vendors_command, "intendance vendor list"));
  line.add(vendor_tax_number());
  line.add(budget_add_line());
  line.add(ledger_command("budget lines", "Show the lines that budgets may have",
                          list_lines_command, "intendance budget lines"));
  line.add(budget_basis());
}

} // namespace intendance::billing
