// SPDX-License-Identifier: AGPL-3.0-or-later
// quote add | accept | show, engagement add | void | list
#include "billing/command_support.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/json.hpp"
#include "billing/report/columns.hpp"

#include <fmt/format.h>

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
  if (state == "pending") return say(language, "en attente", "pending");
  if (state == "posted in part") return say(language, "entamé", "posted in part");
  if (state == "posted") return say(language, "épuisé", "posted");
  return say(language, "reste annulé", "rest voided");
}

std::string_view kind_words(const std::string& kind, Language language) {
  if (kind == "quote") return say(language, "devis", "quote");
  if (kind == "purchase_order") return say(language, "bon de commande", "purchase order");
  return say(language, "contrat", "contract");
}

void print_quote(const CommandContext& context, const Quote& quote) {
  const auto language = context.language();
  auto line = fmt::format("{} · {} · {} · {} · {}", quote.number, quote.vendor, quote.service,
                          quote.activity, short_day(quote.quoted_on, language));
  if (quote.work) line += " · " + format_work(*quote.work, language);
  if (quote.amount) line += " · " + format_money(*quote.amount, language);
  context.out() << line << '\n' << "  " << quote.description << '\n';
  if (quote.engagement) {
    context.out() << "  " << say(language, "accepté : ", "accepted: ") << *quote.engagement << '\n';
  } else if (quote.valid_until) {
    context.out() << "  " << say(language, "valable jusqu'au ", "valid until ")
                  << short_day(*quote.valid_until, language) << '\n';
  }
}

ExitStatus answer_quotes(const CommandContext& context, const std::vector<Quote>& quotes) {
  Json array = Json::array();
  for (const auto& quote : quotes) {
    if (context.json()) {
      array.push_back(quote_json(quote));
    } else {
      print_quote(context, quote);
    }
  }
  if (context.json()) print_json(context, {{"currency", "CAD"}, {"quotes", array}});
  if (!context.json() && quotes.empty()) {
    context.out() << say(context.language(), "aucun devis\n", "no quotes\n");
  }
  return ExitStatus::done;
}

void print_engagement(const CommandContext& context, const Engagement& engagement) {
  const auto language = context.language();
  const auto money = [&](Cents amount) { return format_money(amount, language); };
  context.out() << fmt::format("{} · {} · {} · {} · {} · {}\n", engagement.name,
                               kind_words(engagement.kind, language), engagement.vendor,
                               engagement.service, short_day(engagement.accepted_on, language),
                               state_words(engagement.state, language));
  context.out() << "  " << engagement.description << '\n';
  auto line =
      fmt::format("  {} {} · {} {} · {} {}", say(language, "engagé", "engaged"),
                  money(engagement.amount), say(language, "utilisé", "used"),
                  money(engagement.posted), say(language, "reste", "left"), money(engagement.left));
  if (engagement.voided > Cents(0)) {
    line += fmt::format(" · {} {}", say(language, "annulé", "voided"), money(engagement.voided));
  }
  if (engagement.work || engagement.used_work != Minutes(0)) {
    line += fmt::format(" · {}{}", format_work(engagement.used_work, language),
                        engagement.work ? " / " + format_work(*engagement.work, language) : "");
  }
  if (engagement.over > Cents(0)) {
    line +=
        fmt::format(" · {} {}", say(language, "dépassé de", "exceeded by"), money(engagement.over));
  }
  context.out() << line << '\n';
}

// Exit status 3 when more was used than engaged: real work is recorded all the same.
ExitStatus answer_engagements(const CommandContext& context,
                              const std::vector<Engagement>& engagements) {
  auto status = ExitStatus::done;
  Json array = Json::array();
  for (const auto& engagement : engagements) {
    if (engagement.over > Cents(0)) status = ExitStatus::warnings;
    if (context.json()) {
      array.push_back(engagement_json(engagement));
    } else {
      print_engagement(context, engagement);
    }
  }
  if (context.json()) print_json(context, {{"currency", "CAD"}, {"engagements", array}});
  if (!context.json() && engagements.empty()) {
    context.out() << say(context.language(), "aucun engagement\n", "no engagements\n");
  }
  return status;
}

ExitStatus add_quote_command(CommandContext& context) {
  const auto config = settings(context);
  Quote quote;
  quote.number = required_word(context, "number", "the quote's number");
  quote.description = required_words(context, "description", "what is offered");
  quote.quoted_on = parsed_option_or(context, "on", core::parse_date, today());
  quote.valid_until = optional_option(context, "valid-until", core::parse_date);
  quote.work = optional_option(context, "work", parse_work);
  quote.amount = optional_option(context, "amount", parse_money);
  auto database = open_ledger(context);
  core::Transaction transaction(database);
  quote.vendor = require_vendor(database, context.text("vendor", config.vendor)).name;
  quote.service = chosen_service(context, database);
  quote.activity = require_activity(database, context.text("activity", "development")).name;
  quote.document = chosen_document(context, database);
  add_quote(database, quote);
  transaction.commit();
  return answer_quotes(context, {quote});
}

ExitStatus accept_quote_command(CommandContext& context) {
  NewEngagement engagement;
  engagement.kind = EngagementKind::quote;
  const auto number = required_word(context, "number", "the quote's number");
  engagement.name = optional_text(context, "name");
  engagement.accepted_by = context.has("by") ? context.text("by") : login_name();
  engagement.accepted_on = parsed_option_or(context, "on", core::parse_date, today());
  engagement.expected_by = optional_option(context, "expected-by", core::parse_date);
  auto database = open_ledger(context);
  core::Transaction transaction(database);
  engagement.vendor = context.text("vendor", settings(context).vendor);
  engagement.quote = require_quote(database, engagement.vendor, number).number;
  engagement.fund = chosen_fund(context, database).name;
  const auto name = add_engagement(database, engagement);
  transaction.commit();
  return answer_engagements(context, {require_engagement(database, name, today())});
}

ExitStatus show_quotes_command(CommandContext& context) {
  auto database = open_ledger(context);
  if (!context.has("number")) return answer_quotes(context, list_quotes(database));
  const auto vendor = context.text("vendor", settings(context).vendor);
  const auto quote = require_quote(database, vendor, context.text("number"));
  const auto status = answer_quotes(context, {quote});
  if (context.json() || !quote.engagement) return status;
  return answer_engagements(context, {require_engagement(database, *quote.engagement, today())});
}

EngagementKind parse_kind(const std::string& text) {
  for (const auto kind : {EngagementKind::purchase_order, EngagementKind::contract}) {
    if (kind_name(kind) == text) return kind;
  }
  throw core::Error("\"" + text + "\" is not a kind of engagement; allowed: purchase_order · " +
                    "contract (a quote becomes one with intendance quote accept)");
}

ExitStatus add_engagement_command(CommandContext& context) {
  const auto config = settings(context);
  NewEngagement engagement;
  engagement.description = required_words(context, "description", "what is promised");
  engagement.name = optional_text(context, "name");
  engagement.kind = parsed_option_or(context, "kind", parse_kind, EngagementKind::purchase_order);
  engagement.work = optional_option(context, "work", parse_work);
  engagement.amount = optional_option(context, "amount", parse_money);
  engagement.accepted_by = context.has("by") ? context.text("by") : login_name();
  engagement.accepted_on = parsed_option_or(context, "on", core::parse_date, today());
  engagement.expected_by = optional_option(context, "expected-by", core::parse_date);
  auto database = open_ledger(context);
  core::Transaction transaction(database);
  engagement.vendor = require_vendor(database, context.text("vendor", config.vendor)).name;
  engagement.service = chosen_service(context, database);
  if (context.has("activity")) {
    engagement.activity = require_activity(database, context.text("activity")).name;
  }
  engagement.category = require_category(database, context.text("line", "services")).name;
  engagement.fund = chosen_fund(context, database).name;
  engagement.document = chosen_document(context, database);
  const auto name = add_engagement(database, engagement);
  transaction.commit();
  return answer_engagements(context, {require_engagement(database, name, today())});
}

ExitStatus void_engagement_command(CommandContext& context) {
  const auto name = required_word(context, "name", "the engagement's name");
  const auto reason = required_words(context, "reason", "why the rest is not needed");
  const auto amount = optional_option(context, "amount", parse_money);
  const auto day = parsed_option_or(context, "on", core::parse_date, today());
  auto database = open_ledger(context);
  require_engagement(database, name, today());
  void_engagement(database, name, amount, day, reason);
  return answer_engagements(context, {require_engagement(database, name, today())});
}

ExitStatus list_engagements_command(CommandContext& context) {
  const auto day = parsed_option_or(context, "as-of", core::parse_date, today());
  auto database = open_ledger(context);
  std::optional<std::string> fund;
  if (context.has("fund")) fund = chosen_fund(context, database).name;
  return answer_engagements(context, list_engagements(database, day, fund));
}

Command quote_add() {
  auto command =
      ledger_command("quote add", "Record a vendor's quote (devis)", add_quote_command,
                     "intendance quote add 2026-14 --service tei --work 10h --valid-until "
                     "2026-12-31 --document devis-2026-14.pdf \"migration de TEI Publisher\"");
  command.arguments = "NUMBER --service NAME --work 10h WHAT IS OFFERED";
  add_text_option(command, "service", "NAME", "what the work is for");
  add_text_option(command, "activity", "NAME", "kind of work (default: development)");
  add_text_option(command, "work", "HOURS", "how long it takes at most, as in 10h");
  add_text_option(command, "amount", "DOLLARS", "what it costs at most, before tax");
  add_text_option(command, "on", "YYYY-MM-DD", "the quote's date (default: today)");
  add_text_option(command, "valid-until", "YYYY-MM-DD", "the last day to accept it");
  add_text_option(command, "vendor", "NAME", "whose (default: koumbit)");
  add_text_option(command, "document", "FILE", "kept in the ledger, up to 32 MiB");
  add_positional(command, {{"number", 1}, {"description", -1}});
  return command;
}

Command quote_accept() {
  auto command =
      ledger_command("quote accept", "Accept a quote: its amount is then engaged",
                     accept_quote_command, "intendance quote accept 2026-14 --by \"M. Tremblay\"");
  command.arguments = "NUMBER";
  add_text_option(command, "by", "WHO", "who accepts it (default: this login)");
  add_text_option(command, "on", "YYYY-MM-DD", "when (default: today)");
  add_text_option(command, "fund", "NAME", "who pays (default: the configured or only fund)");
  add_text_option(command, "name", "NAME", "of the engagement (default: the next, as E-2026-03)");
  add_text_option(command, "expected-by", "YYYY-MM-DD", "when the work should be done");
  add_text_option(command, "vendor", "NAME", "whose (default: koumbit)");
  add_positional(command, {{"number", 1}});
  return command;
}

Command quote_show() {
  auto command = ledger_command("quote show", "Show quotes, and what was used of an accepted one",
                                show_quotes_command, "intendance quote show 2026-14");
  command.arguments = "[NUMBER]";
  add_text_option(command, "vendor", "NAME", "whose (default: koumbit)");
  add_positional(command, {{"number", 1}});
  return command;
}

Command engagement_add() {
  auto command = ledger_command(
      "engagement add", "Record a purchase order or a contract: its amount is then engaged",
      add_engagement_command,
      "intendance engagement add --service nuage --amount 1200 --by \"M. Tremblay\" "
      "\"espace de sauvegarde\"");
  command.arguments = "--service NAME --amount DOLLARS WHAT IS PROMISED";
  add_text_option(command, "service", "NAME", "what it is for");
  add_text_option(command, "amount", "DOLLARS", "before tax (default: the work by the day's rate)");
  add_text_option(command, "work", "HOURS", "how many hours it buys, as in 10h");
  add_text_option(command, "kind", "NAME", "purchase_order (default) or contract");
  add_text_option(command, "activity", "NAME", "kind of work, if it is work");
  add_text_option(command, "line", "NAME", "of the budget (default: services)");
  add_text_option(command, "by", "WHO", "who promised it (default: this login)");
  add_text_option(command, "on", "YYYY-MM-DD", "when (default: today)");
  add_text_option(command, "expected-by", "YYYY-MM-DD", "when it should be done");
  add_text_option(command, "fund", "NAME", "who pays (default: the configured or only fund)");
  add_text_option(command, "vendor", "NAME", "to whom (default: koumbit)");
  add_text_option(command, "name", "NAME", "default: the next of the year, as E-2026-03");
  add_text_option(command, "document", "FILE", "kept in the ledger, up to 32 MiB");
  add_positional(command, {{"description", -1}});
  return command;
}

Command engagement_void() {
  auto command = ledger_command(
      "engagement void", "Give back what is left of an engagement", void_engagement_command,
      "intendance engagement void E-2026-03 \"terminé en moins de temps\"");
  command.arguments = "NAME WHY";
  add_text_option(command, "amount", "DOLLARS", "only so much (default: all that is left)");
  add_text_option(command, "on", "YYYY-MM-DD", "when (default: today)");
  add_positional(command, {{"name", 1}, {"reason", -1}});
  return command;
}

Command engagement_list() {
  auto command = ledger_command("engagement list", "Show what is engaged, used and left",
                                list_engagements_command, "intendance engagement list");
  add_text_option(command, "fund", "NAME", "only this fund's (default: every fund's)");
  add_text_option(command, "as-of", "YYYY-MM-DD", "as they stood then (default: today)");
  return command;
}

} // namespace

void register_commitment_commands(core::CommandLine& line) {
  line.add(quote_add());
  line.add(quote_accept());
  line.add(quote_show());
  line.add(engagement_add());
  line.add(engagement_void());
  line.add(engagement_list());
}

} // namespace intendance::billing
