// SPDX-License-Identifier: AGPL-3.0-or-later
// invoice add | list | show | void | pay | unpay
#include "billing/command_support.hpp"
#include "billing/invoice_view.hpp"
#include "billing/invoices/lines.hpp"
#include "billing/ledger/json.hpp"
#include "billing/ledger/taxes.hpp"
#include "billing/ledger/uuid.hpp"
#include "core/file.hpp"

#include <fmt/format.h>

#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using core::Postgres;
using Json = nlohmann::ordered_json;

Period asked_period(const CommandContext& context) {
  if (context.has("period")) return days_of(parsed_option(context, "period", parse_month));
  if (!context.has("from") || !context.has("until")) {
    throw ConfigError("which days does the invoice bill? --period YYYY-MM, or --from and --until");
  }
  const Period period{parsed_option(context, "from", core::parse_date),
                      parsed_option(context, "until", core::parse_date)};
  if (period.to < period.from) throw ConfigError("--until lies before --from");
  return period;
}

// Revenu Québec's numbers are written without blanks.
std::optional<std::string> tax_number(const CommandContext& context, const char* option) {
  if (!context.has(option)) return std::nullopt;
  std::string number;
  for (const char character : context.text(option)) {
    if (character != ' ') number += character;
  }
  return number;
}

std::vector<InvoiceLine> typed_lines(const CommandContext& context, const LineTerms& terms) {
  std::vector<InvoiceLine> lines;
  for (const auto& text : context.texts("line")) {
    try {
      lines.push_back(parse_invoice_line(text, terms));
    } catch (const core::Error& error) {
      throw ConfigError(std::string("--line: ") + error.what());
    }
    lines.back().number = static_cast<int>(lines.size());
  }
  return lines;
}

// Lines of --lines FILE; absent when it has faults, which were said.
std::optional<std::vector<InvoiceLine>> lines_of_file(const CommandContext& context,
                                                      const LineTerms& terms) {
  const auto file = context.text("lines");
  const auto decoded =
      core::with_context(file, [&] { return decode_text(core::read_file(file, most_csv_bytes)); });
  InputFaults faults;
  const auto table = parse_csv(decoded.text, faults);
  auto lines = read_invoice_lines(table, terms, faults);
  if (faults.empty()) return lines;
  context.err() << faults.text(file)
                << fmt::format("intendance: nothing was recorded: {} fault{} in {}\n",
                               faults.total(), faults.total() == 1 ? "" : "s", file);
  return std::nullopt;
}

// What was not typed is what the law makes of the lines.
void set_taxes(const CommandContext& context, Postgres& database, NewInvoice& invoice) {
  const auto lawful = tax_invoice(invoice.before_tax(), tax_rates(database, invoice.dated));
  for (const auto& tax : lawful.taxes) {
    if (tax.rate.name == "TPS") invoice.tps = tax.tax;
    if (tax.rate.name == "TVQ") invoice.tvq = tax.tax;
  }
  invoice.tps = parsed_option_or(context, "tps", parse_signed_money, invoice.tps);
  invoice.tvq = parsed_option_or(context, "tvq", parse_signed_money, invoice.tvq);
  const auto total = optional_option(context, "total", parse_signed_money);
  if (total && *total != invoice.total()) {
    throw core::Error(fmt::format(
        "the invoice {} does not add up: {} before tax, {} of TPS and {} of TVQ come to {}, "
        "not to {}",
        invoice.number, format_decimal(invoice.before_tax()), format_decimal(invoice.tps),
        format_decimal(invoice.tvq), format_decimal(invoice.total()), format_decimal(*total)));
  }
}

NewInvoice typed_invoice(const CommandContext& context) {
  NewInvoice invoice;
  invoice.number = required_word(context, "number", "the invoice's number");
  if (!context.has("dated")) throw ConfigError("--dated is missing: the invoice's date");
  invoice.dated = parsed_option(context, "dated", core::parse_date);
  invoice.period = asked_period(context);
  invoice.due_on = optional_option(context, "due", core::parse_date);
  invoice.buyer = optional_text(context, "buyer");
  invoice.terms = optional_text(context, "terms");
  invoice.tps_number = tax_number(context, "tps-number");
  invoice.tvq_number = tax_number(context, "tvq-number");
  invoice.description = context.text("description", "");
  invoice.id = context.has("id") ? parsed_option(context, "id", parse_uuid) : new_uuid();
  if (context.has("lines") == context.has("line")) {
    throw ConfigError(
        "what does it bill? Either --line for each of its lines, or --lines FILE.csv");
  }
  return invoice;
}

ExitStatus add_invoice_command(CommandContext& context) {
  auto invoice = typed_invoice(context);
  auto database = open_ledger(context);
  invoice.vendor = require_vendor(database, context.text("vendor", settings(context).vendor)).name;
  LineTerms terms{list_services(database), list_activities(database), list_funds(database),
                  chosen_fund(context, database).name};
  if (context.has("line")) {
    invoice.lines = typed_lines(context, terms);
  } else if (auto lines = lines_of_file(context, terms)) {
    invoice.lines = std::move(*lines);
  } else {
    return ExitStatus::failed;
  }
  set_taxes(context, database, invoice);
  core::Transaction transaction(database);
  invoice.document = chosen_document(context, database);
  const bool added = add_invoice(database, invoice);
  transaction.commit();
  if (!added && !context.json()) {
    context.out() << say(context.language(), "déjà inscrite : rien n'a été ajouté\n",
                         "recorded already: nothing was added\n");
  }
  return answer_invoice(context, database,
                        require_invoice(database, invoice.vendor, invoice.number));
}

ExitStatus list_invoices_command(CommandContext& context) {
  auto database = open_ledger(context);
  InvoiceFilter filter;
  if (context.has("vendor")) filter.vendor = require_vendor(database, context.text("vendor")).name;
  if (context.has("fund")) filter.fund = chosen_fund(context, database).name;
  if (context.has("month")) filter.posted = days_of(parsed_option(context, "month", parse_month));
  filter.with_voided = context.has("all");
  Json array = Json::array();
  bool any = false;
  for (const auto& invoice : list_invoices(database, filter)) {
    if (context.has("unpaid") && invoice.owed() == Cents(0)) continue;
    any = true;
    if (context.json()) {
      array.push_back(invoice_json(invoice));
    } else {
      print_invoice_line(context, invoice);
    }
  }
  if (context.json()) print_json(context, {{"currency", "CAD"}, {"invoices", array}});
  if (!context.json() && !any)
    context.out() << say(context.language(), "aucune facture\n", "no invoices\n");
  return ExitStatus::done;
}

ExitStatus show_invoice_command(CommandContext& context) {
  required_word(context, "number", "the invoice's number");
  auto database = open_ledger(context);
  return answer_invoice(context, database, chosen_invoice(context, database));
}

ExitStatus void_invoice_command(CommandContext& context) {
  required_word(context, "number", "the invoice's number");
  const auto reason = required_words(context, "reason", "why it is voided");
  auto database = open_ledger(context);
  const auto invoice = chosen_invoice(context, database);
  void_invoice(database, invoice.id, reason);
  return answer_invoice(context, database,
                        require_invoice(database, invoice.vendor, invoice.number));
}

ExitStatus pay_invoice_command(CommandContext& context) {
  required_word(context, "number", "the invoice's number");
  NewPayment payment;
  payment.id = context.has("id") ? parsed_option(context, "id", parse_uuid) : new_uuid();
  payment.paid_on = parsed_option_or(context, "on", core::parse_date, today());
  payment.reference = context.text("reference", "");
  const auto amount = optional_option(context, "amount", parse_signed_money);
  auto database = open_ledger(context);
  core::Transaction transaction(database);
  const auto invoice = chosen_invoice(context, database);
  payment.invoice = invoice.id;
  payment.amount = amount.value_or(invoice.owed());
  if (payment.amount == Cents(0))
    throw core::Error("the invoice " + invoice.number + " is paid already");
  payment.document = chosen_document(context, database);
  const bool added = add_payment(database, payment);
  transaction.commit();
  if (!added && !context.json()) {
    context.out() << say(context.language(), "déjà inscrit : rien n'a été ajouté\n",
                         "recorded already: nothing was added\n");
  }
  return answer_invoice(context, database,
                        require_invoice(database, invoice.vendor, invoice.number));
}

ExitStatus unpay_invoice_command(CommandContext& context) {
  required_word(context, "number", "the invoice's number");
  const auto prefix =
      required_word(context, "payment", "the payment's id, as intendance invoice show writes it");
  const auto reason = required_words(context, "reason", "why it is taken back");
  const auto day = parsed_option_or(context, "on", core::parse_date, today());
  auto database = open_ledger(context);
  const auto invoice = chosen_invoice(context, database);
  std::vector<std::string> found;
  for (const auto& payment : invoice.payments) {
    if (payment.id.starts_with(prefix)) found.push_back(payment.id);
  }
  if (found.size() != 1) {
    throw core::Error(fmt::format(
        "{} payment of the invoice {} begins with \"{}\"; intendance invoice show {} lists them",
        found.empty() ? "no" : "more than one", invoice.number, prefix, invoice.number));
  }
  reverse_payment(database, found.front(), new_uuid(), day, reason);
  return answer_invoice(context, database,
                        require_invoice(database, invoice.vendor, invoice.number));
}

Command invoice_add() {
  auto command = ledger_command(
      "invoice add", "Record a vendor's invoice, from typed lines or a table", add_invoice_command,
      "intendance invoice add 2026-117 --dated 2026-11-05 --period 2026-10 --terms \"30 jours\" "
      "--line \"hours;expositions;maintenance;10h;1200.00\" --line \"adjustment;60.00;trimestre "
      "arrondi à l'heure\" "
      "--tps 63.00 --tvq 125.69 --total 1448.69\n"
      "intendance invoice add 2026-118 --dated 2026-12-03 --period 2026-11 --lines facture.csv "
      "--document facture.pdf");
  command.arguments = "NUMBER --dated YYYY-MM-DD --period YYYY-MM --line … | --lines FILE";
  add_text_option(command, "dated", "YYYY-MM-DD", "the invoice's date");
  add_text_option(command, "period", "YYYY-MM", "the month that it bills");
  add_text_option(command, "from", "YYYY-MM-DD", "or the first day that it bills");
  add_text_option(command, "until", "YYYY-MM-DD", "and the last");
  command.options.add_options()(
      "line", boost::program_options::value<std::vector<std::string>>()->value_name("LINE"),
      "hours;SERVICE;ACTIVITY;10h;1200.00[;WHAT[;DAY]], cost;SERVICE;25.00;WHAT or "
      "adjustment;118.00;WHY; again for each line");
  add_text_option(command, "lines", "FILE",
                  "CSV: kind, service, activity, hours, amount, description, day, fund");
  add_text_option(command, "tps", "DOLLARS", "as billed (default: as the law has it)");
  add_text_option(command, "tvq", "DOLLARS", "likewise");
  add_text_option(command, "total", "DOLLARS", "must be what the lines and taxes come to");
  add_text_option(command, "due", "YYYY-MM-DD", "to be paid until");
  add_text_option(command, "terms", "TEXT", "of payment, as printed");
  add_text_option(command, "buyer", "NAME", "to whom it is made out, as printed");
  add_text_option(command, "tps-number", "NUMBER", "the vendor's, as printed: 123456789 RT0001");
  add_text_option(command, "tvq-number", "NUMBER", "likewise: 1234567890 TQ0001");
  add_text_option(command, "description", "TEXT", "what it is about");
  add_text_option(command, "fund", "NAME", "who pays (default: the configured or only fund)");
  add_text_option(command, "vendor", "NAME", "whose (default: koumbit)");
  add_text_option(command, "document", "FILE", "kept in the ledger, up to 32 MiB");
  add_text_option(command, "id", "UUID", "the same id again records nothing twice");
  add_positional(command, {{"number", 1}});
  return command;
}

Command invoice_list() {
  auto command = ledger_command("invoice list", "Show invoices, the newest last",
                                list_invoices_command, "intendance invoice list --unpaid");
  add_text_option(command, "month", "YYYY-MM", "those that count in it (default: all)");
  add_text_option(command, "fund", "NAME", "those with a line of it");
  add_text_option(command, "vendor", "NAME", "only this one's");
  command.options.add_options()("unpaid", "only those that are still owed");
  command.options.add_options()("all", "voided ones too");
  return command;
}

} // namespace

void register_invoice_commands(core::CommandLine& line) {
  line.add(invoice_add());
  line.add(invoice_list());
  auto show = invoice_command("invoice show",
                              "Show an invoice, its taxes, rebates and payments, and what it lacks",
                              show_invoice_command, "intendance invoice show 2026-117");
  add_positional(show, {{"number", 1}});
  line.add(std::move(show));
  auto cancel = invoice_command("invoice void", "Take back an invoice that was recorded by mistake",
                                void_invoice_command,
                                "intendance invoice void 2026-117 \"montant mal tapé\"");
  cancel.arguments = "NUMBER WHY";
  add_positional(cancel, {{"number", 1}, {"reason", -1}});
  line.add(std::move(cancel));
  auto pay = invoice_command(
      "invoice pay", "Record that an invoice was paid, entirely or in part", pay_invoice_command,
      "intendance invoice pay 2026-117 --on 2026-11-20 --reference \"virement 4471\"");
  add_text_option(pay, "amount", "DOLLARS", "default: all that is still owed");
  add_text_option(pay, "on", "YYYY-MM-DD", "when (default: today)");
  add_text_option(pay, "reference", "TEXT", "of the transfer or cheque");
  add_text_option(pay, "document", "FILE", "kept in the ledger, up to 32 MiB");
  add_text_option(pay, "id", "UUID", "the same id again records nothing twice");
  add_positional(pay, {{"number", 1}});
  line.add(std::move(pay));
  auto unpay = invoice_command("invoice unpay", "Take back a payment that was recorded by mistake",
                               unpay_invoice_command,
                               "intendance invoice unpay 2026-117 6f1c2a9b \"autre facture\"");
  unpay.arguments = "NUMBER PAYMENT WHY";
  add_text_option(unpay, "on", "YYYY-MM-DD", "when (default: today)");
  add_positional(unpay, {{"number", 1}, {"payment", 1}, {"reason", -1}});
  line.add(std::move(unpay));
}

} // namespace intendance::billing
