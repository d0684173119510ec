// SPDX-License-Identifier: AGPL-3.0-or-later
// invoice reconcile | match | unmatch
#include "billing/command_support.hpp"
#include "billing/invoice_view.hpp"
#include "billing/ledger/json.hpp"
#include "billing/report/words.hpp"

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
using Json = nlohmann::ordered_json;

std::string_view method_words(TaxMethod method, Language language) {
  switch (method) {
  case TaxMethod::per_invoice:
    return say(language, "sur le total de la facture", "on the invoice's total");
  case TaxMethod::per_line: return say(language, "ligne par ligne", "line by line");
  case TaxMethod::one_step:
    return say(language, "en une étape (14,975 %)", "in one step (14.975%)");
  }
  return "";
}

const InvoiceLine* line_of(const Reconciliation& reconciliation, std::optional<int> number) {
  for (const auto& line : reconciliation.invoice.lines) {
    if (number && line.number == *number) return &line;
  }
  return nullptr;
}

std::string quantity(const InvoiceLine* line, std::int64_t count, Language language) {
  const bool work = line != nullptr && line->kind == LineKind::hours;
  return work ? format_work(Minutes(count), language) : format_money(Cents(count), language);
}

std::string work_or_none(std::int64_t minutes, Language language) {
  return minutes == 0 ? std::string("0") : format_work(Minutes(minutes), language);
}

const Entry* entry_of(const Reconciliation& reconciliation, std::optional<std::int64_t> number) {
  for (const auto& entry : reconciliation.unbilled) {
    if (number && entry.number == *number) return &entry;
  }
  return nullptr;
}

// In French a blank stands before it.
std::string_view colon(Language language) { return say(language, " : ", ": "); }

std::string unbilled_words(const Reconciliation& reconciliation, const Mismatch& mismatch,
                           Language language) {
  const auto* entry = entry_of(reconciliation, mismatch.entry);
  auto text = fmt::format("{} {}{}{}", say(language, "entrée", "entry"),
                          entry_number(*mismatch.entry), colon(language),
                          say(language, "inscrite, mais non facturée", "logged, but not billed"));
  if (entry != nullptr) {
    text += fmt::format(" ({} · {} · {} · {})", short_day(entry->worked_on, language),
                        entry->service, entry->activity, format_work(entry->work, language));
  }
  return text;
}

std::string differ_words(const std::string& what, const std::string& billed,
                         const std::string& recorded, Language language) {
  return fmt::format("{}{}{} {}, {} {}", what, colon(language), say(language, "facturé", "billed"),
                     billed, say(language, "inscrit", "recorded"), recorded);
}

std::string mismatch_words(const Reconciliation& reconciliation, const Mismatch& mismatch,
                           Language language) {
  const auto* line = line_of(reconciliation, mismatch.line);
  const auto place = mismatch.line ? fmt::format("{} {}{}", say(language, "ligne", "line"),
                                                 *mismatch.line, colon(language))
                                   : std::string();
  const auto money = [&](std::int64_t cents) { return format_money(Cents(cents), language); };
  switch (mismatch.kind) {
  case MismatchKind::unbilled_entry: return unbilled_words(reconciliation, mismatch, language);
  case MismatchKind::never_logged:
    return place + fmt::format("{} {}, {}", say(language, "facturé", "billed"),
                               quantity(line, mismatch.billed, language),
                               say(language, "jamais inscrit", "never logged"));
  case MismatchKind::minutes_differ:
    return place + differ_words(std::string(say(language, "durée", "work")),
                                work_or_none(mismatch.billed, language),
                                work_or_none(mismatch.recorded, language), language);
  case MismatchKind::rate_differs:
    return place + differ_words(std::string(say(language, "taux", "rate")),
                                money(mismatch.billed) + "/h", money(mismatch.recorded) + "/h",
                                language);
  case MismatchKind::amount_differs:
    return place + differ_words(std::string(say(language, "montant", "amount")),
                                money(mismatch.billed), money(mismatch.recorded), language);
  case MismatchKind::taxes_differ:
    return fmt::format("{}{}{} {}, {} {}", tax_label(mismatch.subject, language), colon(language),
                       say(language, "facturé", "billed"), money(mismatch.billed),
                       say(language, "aucune méthode permise ne le donne ; au plus près",
                           "no permitted method gives it; the nearest is"),
                       money(mismatch.recorded));
  case MismatchKind::unexplained_adjustment:
    return place +
           std::string(
               mismatch.subject.empty()
                   ? say(language, "ajustement qu'aucune règle n'explique",
                         "an adjustment that no rule explains")
                   : say(language,
                         "arrondi à l'heure hors d'une fin de trimestre (févr., mai, août, nov.)",
                         "rounded up to an hour outside of a quarter's end (Feb, May, Aug, Nov)"));
  case MismatchKind::particular_missing:
    return fmt::format("{} {}", say(language, "il y manque :", "it lacks:"),
                       particular_words(mismatch.subject, language));
  case MismatchKind::number_differs:
    return fmt::format("{}{}{}", particular_words(mismatch.subject, language), colon(language),
                       say(language, "n'est pas celui du registre (intendance vendor list)",
                           "is not the ledger's (intendance vendor list)"));
  }
  return "";
}

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
                  << method_words(*reconciliation.tax_method, language) << '\n';
  }
  for (const auto& mismatch : reconciliation.mismatches) {
    context.out() << "  ! " << mismatch_words(reconciliation, mismatch, language) << '\n';
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
