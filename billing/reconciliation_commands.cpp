// SPDX-License-Identifier: AGPL-3.0-or-later
// invoice reconcile | match | unmatch
#include "billing/command_support.hpp"
#include "billing/invoice_view.hpp"
#include "billing/ledger/json.hpp"
#include "billing/report/mismatch_words.hpp"
#include "billing/report/words.hpp"

#include <fmt/format.h>

#include <charconv>
#include <ostream>

namespace intendance::billing {
namespace {

using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using core::Language;
using core::Postgres;
using Json = nlohmann::ordered_json;

std::string entries_words(const LineResult& result) {
  std::string text;
  for (const auto number : result.entries)
    text += (text.empty() ? "" : ", ") + entry_number(number);
  if (result.cost) text = result.cost->substr(0, 8);
  return text;
}

std::string result_words(const LineResult& result, Language language) {
  switch (result.state) {
  case LineState::matched: return "✓ " + entries_words(result);
  case LineState::differs: return "≠ " + entries_words(result);
  case LineState::unmatched: return "✗";
  case LineState::explained:
    return fmt::format(
        "✓ {} {}",
        say(language, "trimestre arrondi à l'heure :", "a quarter rounded up to an hour:"),
        format_work(*result.rounded_up, language));
  }
  return "";
}

void print_reconciliation(const CommandContext& context, const Reconciliation& reconciliation) {
  const auto language = context.language();
  const auto& invoice = reconciliation.invoice;
  print_invoice_line(context, invoice);
  for (std::size_t index = 0; index < invoice.lines.size(); ++index) {
    const auto& result = reconciliation.lines[index];
    context.out() << line_text(invoice.lines[index], language) << "   "
                  << result_words(result, language);
    if (result.amount_method == AmountMethod::each_entry) {
      context.out() << " · " << say(language, "chaque entrée arrondie", "each entry rounded");
    }
    context.out() << '\n';
  }
  context.out() << fmt::format(
      fmt::runtime(say(language, "lignes appariées : {} de {} · écart {} avant taxes\n",
                       "lines matched: {} of {} · difference {} before tax\n")),
      reconciliation.lines_matched(), invoice.lines.size(),
      format_money(reconciliation.difference(), language));
  if (reconciliation.tax_method) {
    context.out() << say(language, "taxes exactes, calculées ", "taxes exact, computed ")
                  << method_words(*reconciliation.tax_method, Voice(language)) << '\n';
  }
  for (const auto& mismatch : reconciliation.mismatches) {
    context.out() << "  ! " << mismatch_words(reconciliation, mismatch, Voice(language)) << '\n';
  }
}

// Exit status 3 when something does not agree.
ExitStatus answer_reconciliation(const CommandContext& context,
                                 const Reconciliation& reconciliation, std::size_t kept) {
  if (context.json()) {
    auto json = reconciliation_json(reconciliation);
    json["matches_kept"] = kept;
    print_json(context, {{"currency", "CAD"}, {"reconciliation", json}});
  } else {
    print_reconciliation(context, reconciliation);
  }
  return reconciliation.agrees() ? ExitStatus::done : ExitStatus::warnings;
}

Invoice counting_invoice(const CommandContext& context, Postgres& database) {
  auto invoice = chosen_invoice(context, database);
  if (invoice.voided) {
    throw core::Error("the invoice " + invoice.number + " was voided: " + *invoice.voided);
  }
  return invoice;
}

ExitStatus reconcile_command(CommandContext& context) {
  required_word(context, "number", "the invoice's number");
  auto database = open_ledger(context);
  core::Transaction transaction(database);
  // What is matched here must not be matched elsewhere meanwhile.
  if (!context.has("dry-run")) database.query("SELECT ledger.lock_postings()");
  const auto reconciliation = read_reconciliation(database, counting_invoice(context, database));
  const auto kept = context.has("dry-run") ? 0 : keep_matches(database, reconciliation);
  transaction.commit();
  return answer_reconciliation(context, reconciliation, kept);
}

std::int64_t parse_number(const std::string& text) {
  std::int64_t number = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (fault != std::errc() || end != text.data() + text.size() || number <= 0) {
    throw core::Error("\"" + text + "\" is not a number such as 0118");
  }
  return number;
}

int parse_line_number(const std::string& text) {
  const auto number = parse_number(text);
  if (number > 100'000) throw core::Error("an invoice has no line " + text);
  return static_cast<int>(number);
}

ExitStatus match_command(CommandContext& context) {
  required_word(context, "number", "the invoice's number");
  if (!context.has("line"))
    throw ConfigError("--line is missing: which of its lines bills the entries?");
  const auto line = parsed_option(context, "line", parse_line_number);
  if (!context.has("entry"))
    throw ConfigError("which entries does the line bill? Their numbers, behind the invoice's");
  std::vector<std::int64_t> entries;
  for (const auto& text : context.texts("entry")) {
    try {
      entries.push_back(parse_number(text));
    } catch (const core::Error& error) {
      throw ConfigError(error.what());
    }
  }
  auto database = open_ledger(context);
  const auto invoice = counting_invoice(context, database);
  match_entries(database, invoice, line, entries);
  return answer_reconciliation(context, read_reconciliation(database, invoice), entries.size());
}

ExitStatus unmatch_command(CommandContext& context) {
  required_word(context, "number", "the invoice's number");
  const auto reason = required_words(context, "reason", "why the matches are undone");
  const auto line = optional_option(context, "line", parse_line_number);
  auto database = open_ledger(context);
  const auto undone = undo_matches(database, counting_invoice(context, database), line, reason);
  if (context.json()) {
    print_json(context, {{"undone", undone}});
  } else {
    context.out() << fmt::format(fmt::runtime(say(context.language(), "appariements défaits : {}\n",
                                                  "matches undone: {}\n")),
                                 undone);
  }
  return ExitStatus::done;
}

} // namespace

void register_reconciliation_commands(core::CommandLine& line) {
  auto reconcile = invoice_command(
      "invoice reconcile",
      "Match an invoice's lines to what was logged, and name all that does not agree",
      reconcile_command, "intendance invoice reconcile 2026-117");
  reconcile.options.add_options()("dry-run", "only show it, keep no match");
  add_positional(reconcile, {{"number", 1}});
  line.add(std::move(reconcile));
  auto match =
      invoice_command("invoice match", "Say by hand which entries a line bills", match_command,
                      "intendance invoice match 2026-117 --line 2 0118 0121");
  match.arguments = "NUMBER --line N ENTRY…";
  add_text_option(match, "line", "N", "of the invoice");
  add_positional(match, {{"number", 1}, {"entry", -1}});
  line.add(std::move(match));
  auto unmatch = invoice_command("invoice unmatch", "Undo an invoice's matches", unmatch_command,
                                 "intendance invoice unmatch 2026-117 --line 2 \"autres entrées\"");
  unmatch.arguments = "NUMBER WHY";
  add_text_option(unmatch, "line", "N", "only this line's (default: all)");
  add_positional(unmatch, {{"number", 1}, {"reason", -1}});
  line.add(std::move(unmatch));
}

} // namespace intendance::billing
