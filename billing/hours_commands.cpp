// SPDX-License-Identifier: AGPL-3.0-or-later
// hours add | list | correct
#include "billing/command_support.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/entries.hpp"
#include "billing/ledger/json.hpp"
#include "billing/ledger/uuid.hpp"
#include "billing/report/columns.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using core::Language;
using core::Postgres;

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

Minutes required_work(const CommandContext& context) {
  if (!context.has("work") || context.texts("description").empty()) {
    throw ConfigError("hours add needs how long it took and what was done, as in: intendance hours "
                      "add 1h30 --service expositions \"mise à jour\"");
  }
  try {
    return parse_work(context.text("work"));
  } catch (const core::Error& error) {
    throw ConfigError(error.what());
  }
}

Balance balance_after(Postgres& database, const Entry& entry) {
  const auto fund = require_fund(database, entry.fund);
  const auto year = fiscal_year_of(entry.posted_on, fund.first_month);
  return balance_of(database, fund, year, year.days.to);
}

std::string posting_line(const Posting& posting, const Balance& balance,
                         const std::string& activity, Language language) {
  const auto& entry = posting.entry;
  auto text = fmt::format("{} · {} · {} · {} · {}   ({} {}", format_work(entry.work, language),
                          entry.service, activity, short_day(entry.worked_on, language),
                          format_money(entry.amount, language), say(language, "entrée", "entry"),
                          entry_number(entry.number));
  if (entry.reverses) {
    text += fmt::format(" {} {}", say(language, "contre-passe", "reverses"),
                        entry_number(*entry.reverses));
  }
  if (month_of(entry.posted_on) != month_of(entry.worked_on)) {
    text += fmt::format(", {} {}", say(language, "compte en", "counts in"),
                        month_title(month_of(entry.posted_on), language));
  }
  if (const auto available = balance.available()) {
    text += fmt::format(", {} {}", say(language, "disponible", "available"),
                        money_on_basis(*available, balance.basis, language));
  } else {
    text += fmt::format(
        ", {}", say(language, "aucun budget pour l'exercice", "no budget for the fiscal year"));
  }
  return text + ")";
}

void print_engagement_left(const CommandContext& context, Postgres& database, const Entry& entry) {
  const auto language = context.language();
  const auto engagement = require_engagement(database, *entry.engagement, entry.posted_on);
  auto text = fmt::format("{} · {} {} · {}", engagement.name, say(language, "reste", "left"),
                          format_money(engagement.left, language),
                          format_work(engagement.used_work, language));
  if (engagement.work) text += " / " + format_work(*engagement.work, language);
  if (engagement.over > Cents(0)) {
    text += fmt::format(" · {} {}", say(language, "dépassé de", "exceeded by"),
                        format_money(engagement.over, language));
  }
  context.out() << text << '\n';
}

// What is printed about one posting, and 3 when the budget is overspent: real work is recorded all
// the same.
ExitStatus answer_posting(const CommandContext& context, Postgres& database,
                          const Posting& posting) {
  const auto language = context.language();
  const auto balance = balance_after(database, posting.entry);
  const auto activity = require_activity(database, posting.entry.activity);
  if (context.json()) {
    const auto available = balance.available();
    using Json = nlohmann::ordered_json;
    print_json(context, {{"entry", entry_json(posting.entry)},
                         {"was_there", posting.was_there},
                         {"basis", basis_name(balance.basis)},
                         {"available_cents", available ? Json(available->count()) : Json(nullptr)},
                         {"overspent", balance.overspent()}});
  } else {
    const auto& label =
        language == Language::french ? activity.label_french : activity.label_english;
    context.out() << posting_line(posting, balance, label, language) << '\n';
    if (posting.entry.engagement) print_engagement_left(context, database, posting.entry);
    if (posting.was_there) {
      context.out() << say(language, "déjà inscrite : rien n'a été ajouté\n",
                           "recorded already: nothing was added\n");
    }
  }
  if (!balance.overspent()) return ExitStatus::done;
  context.err() << fmt::format(
      fmt::runtime(say(language, "attention : le budget {} de l'exercice {} est dépassé de {}\n",
                       "warning: the budget {} of the fiscal year {} is overspent by {}\n")),
      balance.fund.name, balance.year.year,
      money_on_basis(-*balance.available(), balance.basis, language));
  return ExitStatus::warnings;
}

ExitStatus add_hours(CommandContext& context) {
  const auto config = settings(context);
  NewEntry entry;
  entry.work = required_work(context);
  entry.description = joined(context.texts("description"));
  const auto day = today();
  entry.worked_on = context.has("on") ? parsed_option(context, "on", core::parse_date) : day;
  entry.id = context.has("id") ? parsed_option(context, "id", parse_uuid) : new_uuid();
  entry.person = context.has("by") ? context.text("by") : login_name();
  entry.service = context.text("service");
  entry.engagement = optional_text(context, "engagement");
  entry.vendor = context.text("vendor", config.vendor);
  auto database = open_ledger(context);
  core::Transaction transaction(database); // keeps a newly known service only with its entry
  entry.fund = chosen_fund(context, database).name;
  entry.activity = require_activity(database, context.text("activity", config.activity)).name;
  chosen_service(context, database);
  const auto posting = add_entry(database, entry, day);
  transaction.commit();
  return answer_posting(context, database, posting);
}

ExitStatus correct_hours(CommandContext& context) {
  const auto text = context.text("number");
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number <= 0) {
    throw ConfigError("\"" + text + "\" is not the number of an entry, such as 0118");
  }
  const auto reason = joined(context.texts("reason"));
  if (reason.empty()) throw ConfigError("say why the entry is taken back, behind its number");
  const auto id = context.has("id") ? parsed_option(context, "id", parse_uuid) : new_uuid();
  auto database = open_ledger(context);
  return answer_posting(context, database, reverse_entry(database, number, reason, id));
}

void print_entries(const CommandContext& context, const std::vector<Entry>& entries) {
  const auto language = context.language();
  Minutes work;
  Cents amount;
  for (const auto& entry : entries) {
    work += entry.work;
    amount += entry.amount;
    auto text = fmt::format("{}  {}{}{}  {} · {} · {} · {}", entry_number(entry.number),
                            core::format_date(entry.worked_on),
                            pad_left(format_work(entry.work, language), 11),
                            pad_left(format_money(entry.amount, language), 13), entry.service,
                            entry.activity, entry.person, entry.description);
    if (entry.reverses) text += "  (↩ " + entry_number(*entry.reverses) + ")";
    if (entry.reversed_by) text += "  (→ " + entry_number(*entry.reversed_by) + ")";
    context.out() << text << '\n';
  }
  context.out() << pad_right(say(language, "Total avant taxes", "Total before tax"), 17)
                << pad_left(format_work(work, language), 10)
                << pad_left(format_money(amount, language), 13) << '\n';
}

ExitStatus list_hours(CommandContext& context) {
  const auto month =
      context.has("month") ? parsed_option(context, "month", parse_month) : month_of(today());
  auto database = open_ledger(context);
  EntryFilter filter;
  filter.posted = days_of(month);
  if (context.has("fund")) filter.fund = chosen_fund(context, database).name;
  const auto entries = list_entries(database, filter);
  if (context.json()) {
    auto array = nlohmann::ordered_json::array();
    for (const auto& entry : entries) array.push_back(entry_json(entry));
    print_json(context, {{"month", month_code(month)}, {"entries", array}});
  } else {
    print_entries(context, entries);
  }
  return ExitStatus::done;
}

Command add_command() {
  Command command;
  command.name = "hours add";
  command.summary = "Record work in the ledger";
  command.arguments = "1h30 --service NAME WHAT WAS DONE";
  command.example = "intendance hours add 1h30 --service expositions --activity maintenance "
                    "\"mise à jour d'Omeka\"";
  add_text_option(command, "service", "NAME", "what the work was for");
  add_text_option(command, "activity", "NAME", "kind of work (default: maintenance)");
  add_text_option(command, "on", "YYYY-MM-DD", "day of the work (default: today)");
  add_text_option(command, "by", "WHO", "who did it (default: this login)");
  add_text_option(command, "fund", "NAME", "who pays (default: the configured or only fund)");
  add_text_option(command, "vendor", "NAME", "whose rate holds (default: koumbit)");
  add_text_option(command, "engagement", "NAME", "the accepted quote or order that it uses");
  add_text_option(command, "id", "UUID", "the same id again records nothing twice");
  add_database_option(command);
  namespace options = boost::program_options;
  command.options.add_options()("work", options::value<std::string>(),
                                "")("description", options::value<std::vector<std::string>>(), "");
  command.positional = {{"work", 1}, {"description", -1}};
  command.run = add_hours;
  return command;
}

Command correct_command() {
  Command command;
  command.name = "hours correct";
  command.summary = "Take an entry back by a reversal; record the right one with hours add";
  command.arguments = "NUMBER WHY";
  command.example = "intendance hours correct 0118 \"inscrite deux fois\"";
  add_text_option(command, "id", "UUID", "the same id again records nothing twice");
  add_database_option(command);
  namespace options = boost::program_options;
  command.options.add_options()("number", options::value<std::string>(),
                                "")("reason", options::value<std::vector<std::string>>(), "");
  command.positional = {{"number", 1}, {"reason", -1}};
  command.run = correct_hours;
  return command;
}

Command list_command() {
  Command command;
  command.name = "hours list";
  command.summary = "Show the entries that count in a month";
  command.example = "intendance hours list --month 2026-11";
  add_text_option(command, "month", "YYYY-MM", "default: this month");
  add_text_option(command, "fund", "NAME", "only this fund's (default: every fund's)");
  add_database_option(command);
  command.run = list_hours;
  return command;
}

} // namespace

void register_hours_commands(core::CommandLine& line) {
  line.add(add_command());
  line.add(list_command());
  line.add(correct_command());
}

} // namespace intendance::billing
