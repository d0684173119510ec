// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/invoice_view.hpp"

#include "billing/command_support.hpp"
#include "billing/ledger/json.hpp"
#include "billing/ledger/taxes.hpp"
#include "billing/report/columns.hpp"
#include "billing/report/mismatch_words.hpp"
#include "billing/report/words.hpp"

#include <fmt/format.h>

#include <ostream>

namespace intendance::billing {
namespace {

using core::CommandContext;
using core::ExitStatus;
using core::Language;
using core::Postgres;
using Json = nlohmann::ordered_json;

constexpr std::size_t short_id = 8;

std::string_view state_words(const Invoice& invoice, Language language) {
  if (invoice.voided) return say(language, "annulée", "voided");
  if (invoice.owed() == Cents(0)) return say(language, "payée", "paid");
  if (invoice.paid() == Cents(0)) return say(language, "à payer", "to be paid");
  return say(language, "payée en partie", "paid in part");
}

void print_amounts(const CommandContext& context, const Invoice& invoice,
                   const std::vector<TaxRate>& rates) {
  const auto language = context.language();
  const auto total = billed_total(invoice, rates);
  const auto line = [&](std::string_view name, Cents amount, const std::string& note = "") {
    context.out() << "  " << pad_right(name, 24) << pad_left(format_money(amount, language), 15)
                  << (note.empty() ? "" : "   " + note) << '\n';
  };
  line(say(language, "avant taxes", "before tax"), total.before_tax);
  for (const auto& tax : total.taxes) {
    line(tax_label(tax.rate.name, language), tax.tax,
         fmt::format("{} {}", say(language, "dont remboursé", "of it given back"),
                     format_money(tax.rebate, language)));
  }
  line(say(language, "total brut", "gross total"), total.gross());
  line(say(language, "net des remboursements", "net of rebates"), total.net());
  if (invoice.voided) return;
  line(say(language, "payé", "paid"), invoice.paid());
  line(say(language, "reste à payer", "still owed"), invoice.owed(),
       invoice.due_on
           ? std::string(say(language, "échéance ", "due ")) + short_day(*invoice.due_on, language)
           : "");
}

void print_whole_invoice(const CommandContext& context, const Invoice& invoice,
                         const std::vector<TaxRate>& rates) {
  const auto language = context.language();
  print_invoice_line(context, invoice);
  if (invoice.voided) {
    context.out() << "  " << say(language, "annulée : ", "voided: ") << *invoice.voided << '\n';
  }
  for (const auto& line : invoice.lines) context.out() << line_text(line, language) << '\n';
  print_amounts(context, invoice, rates);
  for (const auto& payment : invoice.payments) {
    context.out() << fmt::format(
        "  {}  {} · {}{}{}\n", payment.id.substr(0, short_id), short_day(payment.paid_on, language),
        format_money(payment.amount, language),
        payment.reference.empty() ? "" : " · " + payment.reference,
        payment.reverses ? " · ↩ " + payment.reverses->substr(0, short_id) : "");
  }
  for (const auto& missing : missing_particulars(invoice)) {
    context.out() << "  " << say(language, "il y manque : ", "it lacks: ")
                  << particular_words(missing, Voice(language)) << '\n';
  }
}

Json whole_json(const Invoice& invoice, const std::vector<TaxRate>& rates) {
  auto json = invoice_json(invoice);
  const auto total = billed_total(invoice, rates);
  json["rebate_cents"] = total.rebate().count();
  json["net_cents"] = total.net().count();
  return json;
}

} // namespace

std::string line_text(const InvoiceLine& line, Language language) {
  const auto kind = line.kind == LineKind::hours  ? say(language, "heures", "hours")
                    : line.kind == LineKind::cost ? say(language, "coût", "cost")
                                                  : say(language, "ajustement", "adjustment");
  auto text = fmt::format("{:>3}  {} · {}", line.number, kind, line.service.value_or("—"));
  if (line.activity) text += " · " + *line.activity;
  if (line.worked_on) text += " · " + short_day(*line.worked_on, language);
  if (line.work) text += " · " + format_work(*line.work, language);
  text += " · " + format_money(line.amount, language);
  return line.description.empty() ? text : text + " · " + line.description;
}

void print_invoice_line(const CommandContext& context, const Invoice& invoice) {
  const auto language = context.language();
  context.out() << fmt::format(
      "{} · {} · {} · {} – {} · {} · {}\n", invoice.number, invoice.vendor,
      short_day(invoice.dated, language), short_day(invoice.period.from, language),
      short_day(invoice.period.to, language), format_money(invoice.total(), language),
      state_words(invoice, language));
}

ExitStatus answer_invoice(const CommandContext& context, Postgres& database,
                          const Invoice& invoice) {
  const auto rates = tax_rates(database, invoice.dated);
  if (context.json()) {
    print_json(context, {{"currency", "CAD"}, {"invoice", whole_json(invoice, rates)}});
  } else {
    print_whole_invoice(context, invoice, rates);
  }
  return invoice.voided || missing_particulars(invoice).empty() ? ExitStatus::done
                                                                : ExitStatus::warnings;
}

Invoice chosen_invoice(const CommandContext& context, Postgres& database) {
  const auto number = required_word(context, "number", "the invoice's number");
  const auto vendor =
      require_vendor(database, context.text("vendor", settings(context).vendor)).name;
  return require_invoice(database, vendor, number);
}

core::Command invoice_command(const char* name, const char* summary,
                              ExitStatus (*run)(CommandContext&), const char* example) {
  auto command = ledger_command(name, summary, run, example);
  command.arguments = "NUMBER";
  add_text_option(command, "vendor", "NAME", "whose (default: koumbit)");
  return command;
}

} // namespace intendance::billing
