// SPDX-License-Identifier: AGPL-3.0-or-later
// cost add | list | end | correct, service cost
#include "billing/command_support.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/ledger/engagements.hpp"
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
using Json = nlohmann::ordered_json;

constexpr std::size_t short_id = 8;

std::string_view kind_words(CostKind kind, Language language) {
  switch (kind) {
  case CostKind::recurring: return say(language, "récurrent", "recurring");
  case CostKind::one_off: return say(language, "ponctuel", "one-off");
  case CostKind::in_kind: return say(language, "en nature", "in kind");
  }
  return "";
}

int parse_months(const std::string& text) {
  if (text == "month") return 1;
  if (text == "quarter") return 3;
  if (text == "year") return 12;
  int months = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), months);
  if (fault != std::errc() || end != text.data() + text.size() || months < 1 || months > 120) {
    throw core::Error("\"" + text +
                      "\" is not a period; allowed: month · quarter · year · a number "
                      "of months from 1 to 120");
  }
  return months;
}

std::string period_words(int months, Language language) {
  if (months == 1) return std::string(say(language, "par mois", "a month"));
  if (months == 12) return std::string(say(language, "par an", "a year"));
  return fmt::format(fmt::runtime(say(language, "tous les {} mois", "every {} months")), months);
}

void print_cost(const CommandContext& context, const Cost& cost) {
  const auto language = context.language();
  auto line = fmt::format("{}  {} · {} · {}", cost.id.substr(0, short_id), cost.service,
                          kind_words(cost.kind, language), format_money(cost.amount, language));
  if (cost.period_months) line += " " + period_words(*cost.period_months, language);
  line += fmt::format(
      " · {} {}", cost.period_months ? say(language, "dès le", "from") : say(language, "le", "on"),
      short_day(cost.first_on, language));
  const auto last = cost.ended_on ? cost.ended_on : cost.last_on;
  if (last) line += fmt::format(" {} {}", say(language, "au", "until"), short_day(*last, language));
  if (cost.reverses) {
    line += fmt::format(" · {} {}", say(language, "contre-passe", "reverses"),
                        cost.reverses->substr(0, short_id));
  }
  context.out() << line << '\n' << "          " << cost.description;
  if (cost.expires_on) {
    context.out() << " · " << say(language, "échéance ", "expires ")
                  << short_day(*cost.expires_on, language);
  }
  if (!cost.valuation.empty()) context.out() << " · " << cost.valuation;
  context.out() << '\n';
}

ExitStatus answer_costs(const CommandContext& context, const std::vector<Cost>& costs) {
  Json array = Json::array();
  for (const auto& cost : costs) {
    if (context.json()) {
      array.push_back(cost_json(cost));
    } else {
      print_cost(context, cost);
    }
  }
  if (context.json()) print_json(context, {{"currency", "CAD"}, {"costs", array}});
  if (!context.json() && costs.empty()) {
    context.out() << say(context.language(), "aucun coût\n", "no costs\n");
  }
  return ExitStatus::done;
}

// How often and of which kind, by the options alone.
NewCost asked_cost(const CommandContext& context) {
  NewCost cost;
  try {
    cost.amount = parse_money(required_word(context, "amount", "the amount"));
  } catch (const ConfigError&) {
    throw;
  } catch (const core::Error& error) {
    throw ConfigError(error.what());
  }
  cost.description = required_words(context, "description", "what it is");
  cost.id = context.has("id") ? parsed_option(context, "id", parse_uuid) : new_uuid();
  cost.period_months = optional_option(context, "every", parse_months);
  if (cost.period_months) cost.kind = CostKind::recurring;
  if (context.has("in-kind")) cost.kind = CostKind::in_kind;
  if (context.has("untaxed") || context.has("in-kind")) cost.taxation = Taxation::untaxed;
  cost.valuation = context.text("valuation", "");
  cost.first_on = parsed_option_or(context, "on", core::parse_date, today());
  cost.last_on = optional_option(context, "until", core::parse_date);
  cost.expires_on = optional_option(context, "expires", core::parse_date);
  if (cost.last_on && !cost.period_months) {
    throw ConfigError("--until is for what recurs; say how often with --every");
  }
  if (cost.kind != CostKind::in_kind && !cost.valuation.empty()) {
    throw ConfigError("--valuation is for what is given: add --in-kind");
  }
  if (cost.kind == CostKind::in_kind && (context.has("fund") || context.has("engagement"))) {
    throw ConfigError("what is given in kind is paid by no fund and uses no engagement");
  }
  return cost;
}

ExitStatus add_cost_command(CommandContext& context) {
  auto cost = asked_cost(context);
  auto database = open_ledger(context);
  core::Transaction transaction(database);
  cost.service = chosen_service(context, database);
  cost.category = require_category(database, context.text("line", "hosting")).name;
  if (context.has("vendor")) cost.vendor = require_vendor(database, context.text("vendor")).name;
  if (cost.kind != CostKind::in_kind) cost.fund = chosen_fund(context, database).name;
  if (context.has("engagement")) {
    const auto engagement = require_engagement(database, context.text("engagement"), today());
    cost.engagement = engagement.name;
    if (!cost.vendor) cost.vendor = engagement.vendor;
  }
  cost.document = chosen_document(context, database);
  const bool added = add_cost(database, cost);
  const auto there = require_cost(database, cost.id);
  transaction.commit();
  answer_costs(context, {there});
  if (!added && !context.json()) {
    context.out() << say(context.language(), "déjà inscrit : rien n'a été ajouté\n",
                         "recorded already: nothing was added\n");
  }
  return ExitStatus::done;
}

ExitStatus list_costs_command(CommandContext& context) {
  auto database = open_ledger(context);
  std::optional<std::string> service;
  if (context.has("service")) service = require_service(database, context.text("service")).name;
  return answer_costs(context, list_costs(database, service));
}

ExitStatus end_cost_command(CommandContext& context) {
  const auto id = required_word(context, "id", "the cost's id, as intendance cost list shows it");
  const auto reason = required_words(context, "reason", "why it ends");
  const auto day = parsed_option_or(context, "on", core::parse_date, today());
  auto database = open_ledger(context);
  const auto cost = require_cost(database, id);
  end_cost(database, cost.id, day, reason);
  return answer_costs(context, {require_cost(database, cost.id)});
}

ExitStatus correct_cost_command(CommandContext& context) {
  const auto id = required_word(context, "id", "the cost's id, as intendance cost list shows it");
  const auto reason = required_words(context, "reason", "why it is taken back");
  const auto due = optional_option(context, "due", core::parse_date);
  auto database = open_ledger(context);
  const auto cost = require_cost(database, id);
  if (cost.period_months && !due) {
    throw ConfigError("the cost recurs: say with --due which day's charge is taken back");
  }
  const auto reversal = reverse_charge(database, cost.id, due, reason);
  return answer_costs(context, {require_cost(database, reversal)});
}

Json total_json(const TaxedTotal& total) {
  return {{"before_tax_cents", total.before_tax.count()},
          {"net_cents", total.net().count()},
          {"gross_cents", total.gross().count()}};
}

void print_service_cost(const CommandContext& context, const ServiceCost& cost, Period period) {
  const auto language = context.language();
  const auto line = [&](std::string_view name, Cents amount, const std::string& note = "") {
    context.out() << "  " << pad_right(name, 22) << pad_left(format_money(amount, language), 15)
                  << (note.empty() ? "" : "   " + note) << '\n';
  };
  const auto& label = say(language, cost.service.label_french, cost.service.label_english);
  context.out() << cost.service.name << (label.empty() ? "" : " · " + std::string(label)) << " · "
                << short_day(period.from, language) << " – " << short_day(period.to, language)
                << '\n';
  line(say(language, "heures", "hours"), cost.hours.before_tax, format_work(cost.work, language));
  line(say(language, "coûts récurrents", "recurring costs"), cost.recurring.before_tax);
  line(say(language, "coûts ponctuels", "one-off costs"), cost.one_off.before_tax);
  const auto total = cost.to_date();
  line(say(language, "total avant taxes", "total before tax"), total.before_tax,
       fmt::format("({}, {})", money_on_basis(total.net(), Basis::net, language),
                   money_on_basis(total.gross(), Basis::gross, language)));
  line(say(language, "encore à venir", "still to come"), cost.to_come.before_tax,
       std::string(say(language, "coûts connus jusqu'à la fin", "costs known until the end")));
  if (cost.in_kind != Cents(0)) {
    line(say(language, "en nature (mémoire)", "in kind (memo)"), cost.in_kind,
         std::string(say(language, "ne consomme aucun budget", "consumes no budget")));
  }
}

int parse_year(const std::string& text) {
  int year = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), year);
  if (fault != std::errc() || end != text.data() + text.size() || year < 2000 || year > 2200) {
    throw core::Error("\"" + text + "\" is not a year, as in 2026");
  }
  return year;
}

unsigned first_month_of(core::Postgres& database, const std::string& calendar) {
  std::string allowed;
  for (const auto& [name, first_month] : list_calendars(database)) {
    if (name == calendar) return first_month;
    allowed += (allowed.empty() ? "" : " · ") + name;
  }
  throw ConfigError("--calendar: there is no fiscal calendar \"" + calendar +
                    "\"; there are: " + allowed);
}

ExitStatus service_cost_command(CommandContext& context) {
  const auto name = required_word(context, "name", "the service's name");
  auto database = open_ledger(context);
  const auto service = require_service(database, name);
  const auto first_month = first_month_of(database, context.text("calendar", "grant"));
  const auto day = today();
  const auto year = context.has("year")
                        ? fiscal_year(parsed_option(context, "year", parse_year), first_month)
                        : fiscal_year_of(day, first_month);
  const auto cost = cost_of_service(database, service, year.days, day);
  if (!context.json()) {
    print_service_cost(context, cost, year.days);
    return ExitStatus::done;
  }
  print_json(context, {{"currency", "CAD"},
                       {"service", service.name},
                       {"year", year.year},
                       {"from", core::format_date(year.days.from)},
                       {"to", core::format_date(year.days.to)},
                       {"as_of", core::format_date(cost.as_of)},
                       {"minutes", cost.work.count()},
                       {"hours", total_json(cost.hours)},
                       {"recurring", total_json(cost.recurring)},
                       {"one_off", total_json(cost.one_off)},
                       {"total", total_json(cost.to_date())},
                       {"to_come", total_json(cost.to_come)},
                       {"in_kind_cents", cost.in_kind.count()}});
  return ExitStatus::done;
}

Command cost_add() {
  auto command = ledger_command(
      "cost add", "Record a cost beside hours: a domain, a licence, a purchase", add_cost_command,
      "intendance cost add 25.00 --service expositions --every year --on 2026-05-10 --expires "
      "2027-05-10 \"domaine expositions.example.org\"\n"
      "intendance cost add 5000 --service tei --every year --in-kind --valuation \"Calcul Québec, "
      "lettre du 2026-03-02\" \"allocation infonuagique\"");
  command.arguments = "DOLLARS --service NAME WHAT IT IS";
  add_text_option(command, "service", "NAME", "what it belongs to");
  add_text_option(command, "every", "PERIOD", "month, quarter, year or months (default: once)");
  add_text_option(command, "on", "YYYY-MM-DD", "the day, or the first one (default: today)");
  add_text_option(command, "until", "YYYY-MM-DD", "the last day of what recurs (default: no end)");
  add_text_option(command, "expires", "YYYY-MM-DD", "when a domain or a licence lapses");
  add_text_option(command, "line", "NAME", "of the budget (default: hosting)");
  add_text_option(command, "fund", "NAME", "who pays (default: the configured or only fund)");
  add_text_option(command, "vendor", "NAME", "who is paid");
  add_text_option(command, "engagement", "NAME", "that it uses");
  command.options.add_options()("untaxed", "no TPS and TVQ (default: taxable)");
  command.options.add_options()("in-kind", "given: kept in mind, consumes no budget");
  add_text_option(command, "valuation", "TEXT", "in kind: who says that it is worth so much");
  add_text_option(command, "document", "FILE", "kept in the ledger, up to 32 MiB");
  add_text_option(command, "id", "UUID", "the same id again records nothing twice");
  add_positional(command, {{"amount", 1}, {"description", -1}});
  return command;
}

Command cost_list() {
  auto command = ledger_command("cost list", "Show the costs beside hours", list_costs_command,
                                "intendance cost list --service expositions");
  add_text_option(command, "service", "NAME", "only this one's");
  return command;
}

Command cost_end() {
  auto command =
      ledger_command("cost end", "End a cost that recurs", end_cost_command,
                     "intendance cost end 6f1c2a9b --on 2026-12-31 \"domaine abandonné\"");
  command.arguments = "ID WHY";
  add_text_option(command, "on", "YYYY-MM-DD", "nothing is due behind that day (default: today)");
  add_positional(command, {{"id", 1}, {"reason", -1}});
  return command;
}

Command cost_correct() {
  auto command = ledger_command(
      "cost correct", "Take back a cost, or one charge of one that recurs", correct_cost_command,
      "intendance cost correct 6f1c2a9b --due 2026-05-10 \"facturé deux fois\"");
  command.arguments = "ID WHY";
  add_text_option(command, "due", "YYYY-MM-DD", "of what recurs: the day of the charge");
  add_positional(command, {{"id", 1}, {"reason", -1}});
  return command;
}

Command service_cost() {
  auto command =
      ledger_command("service cost", "Show what a service costs in a fiscal year",
                     service_cost_command, "intendance service cost expositions --year 2026");
  command.arguments = "NAME";
  add_text_option(command, "year", "YYYY", "in which it starts (default: the one that runs)");
  add_text_option(command, "calendar", "NAME", "grant (1 April, default) or university (1 May)");
  add_positional(command, {{"name", 1}});
  return command;
}

} // namespace

void register_cost_commands(core::CommandLine& line) {
  line.add(cost_add());
  line.add(cost_list());
  line.add(cost_end());
  line.add(cost_correct());
  line.add(service_cost());
}

} // namespace intendance::billing
