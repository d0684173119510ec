// SPDX-License-Identifier: AGPL-3.0-or-later
// month close | sign | list, document add | show
#include "billing/command_support.hpp"
#include "billing/ledger/chain.hpp"
#include "billing/ledger/closing.hpp"
#include "billing/ledger/documents.hpp"
#include "billing/ledger/json.hpp"
#include "billing/report/columns.hpp"
#include "billing/report/render.hpp"
#include "core/file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <ostream>

namespace intendance::billing {
namespace {

using core::Command;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using core::Postgres;
using Json = nlohmann::ordered_json;

constexpr std::size_t short_hash = 12;

Month required_month(const CommandContext& context) {
  if (!context.has("month")) throw ConfigError("which month? As in: 2026-10");
  try {
    return parse_month(context.text("month"));
  } catch (const core::Error& error) {
    throw ConfigError(error.what());
  }
}

// Every fund's report in both languages and each form, as it is at this moment. Returns what could
// not be made.
std::vector<std::string> keep_reports(Postgres& database, const CommandContext& context,
                                      Month month, const std::vector<SectionSource>& sections) {
  std::vector<std::string> missing;
  for (const auto& fund : list_funds(database)) {
    ReportRequest request;
    request.month = month;
    request.fund = fund;
    request.vendor = settings(context).vendor;
    request.today = today();
    request.sections = sections;
    auto rendered =
        render_files(read_report(database, request),
                     {core::Language::french, core::Language::english}, parse_formats("all"));
    for (const auto& file : rendered.files) {
      const auto code = language_code(file.language);
      const auto& format = *file.format;
      const auto name = report_file_name(month, fund.name, file.language, format);
      // The parameters of a type ("charset") are the web's affair.
      const std::string media_type(format.media_type.substr(0, format.media_type.find(';')));
      const auto document = add_document(database, name, media_type, file.bytes);
      keep_report(database, month,
                  {fund.name, code, std::string(format.name), document.sha256, document.bytes});
    }
    for (auto& reason : rendered.missing) missing.push_back(std::move(reason));
  }
  return missing;
}

void print_month(const CommandContext& context, const ClosedMonth& closed) {
  const auto language = context.language();
  context.out() << fmt::format("{} · {} {} · {} {} · {} {}\n", month_code(closed.month),
                               say(language, "clos par", "closed by"), closed.closed_by,
                               say(language, "écritures :", "entries:"), closed.entries,
                               say(language, "empreinte", "head"), closed.head);
  for (const auto& signature : closed.signatures) {
    const auto step = signature.step == "prepared" ? say(language, "préparé par", "prepared by")
                                                   : say(language, "approuvé par", "approved by");
    context.out() << fmt::format("  {} · {} {} · {}{}\n", signature.fund, step, signature.signed_by,
                                 signature.signed_at,
                                 signature.comment.empty() ? "" : " · " + signature.comment);
  }
  for (const auto& report : closed.reports) {
    context.out() << fmt::format("  {} · {} · {} · {} · {}\n", report.fund, report.language,
                                 report.format, report.bytes, report.sha256.substr(0, short_hash));
  }
}

ExitStatus answer_months(const CommandContext& context, const std::vector<ClosedMonth>& months) {
  Json array = Json::array();
  for (const auto& closed : months) {
    if (context.json()) {
      array.push_back(closed_month_json(closed));
    } else {
      print_month(context, closed);
    }
  }
  if (context.json()) print_json(context, {{"months", array}});
  if (!context.json() && months.empty()) {
    context.out() << say(context.language(), "aucun mois n'est clos\n", "no month is closed\n");
  }
  return ExitStatus::done;
}

std::vector<ClosedMonth> only(const std::vector<ClosedMonth>& months, Month month) {
  for (const auto& closed : months) {
    if (closed.month == month) return {closed};
  }
  throw core::Error("the month " + month_code(month) +
                    " was not closed by itself: a later close took it along, or it is open "
                    "(intendance month list shows those there are)");
}

ExitStatus close_month_command(CommandContext& context,
                               const std::vector<SectionSource>& sections) {
  const auto month = required_month(context);
  auto database = open_ledger(context);
  core::Transaction transaction(database); // a close without its reports would have nothing to sign
  close_month(database, month);
  const auto missing = keep_reports(database, context, month, sections);
  transaction.commit();
  const auto status = answer_months(context, only(list_closed_months(database), month));
  if (missing.empty()) return status;
  // Both languages of every fund lack it for the same reason.
  context.err() << say(context.language(), "intendance : sans PDF : ", "intendance: without PDF: ")
                << missing.front()
                << say(context.language(),
                       " ; il sera imprimé du HTML conservé quand on le demandera\n",
                       "; it will be printed from the HTML that is kept when it is asked for\n");
  return ExitStatus::warnings;
}

ExitStatus sign_month_command(CommandContext& context) {
  const auto month = required_month(context);
  if (context.has("prepared") == context.has("approved")) {
    throw ConfigError("say as whom you sign: --prepared, or --approved (another login)");
  }
  const auto step = context.has("prepared") ? SignOffStep::prepared : SignOffStep::approved;
  auto database = open_ledger(context);
  sign_off(database, month, chosen_fund(context, database).name, step, context.text("comment", ""));
  return answer_months(context, only(list_closed_months(database), month));
}

ExitStatus list_months_command(CommandContext& context) {
  auto database = open_ledger(context);
  return answer_months(context, list_closed_months(database));
}

ExitStatus answer_documents(const CommandContext& context, const std::vector<Document>& documents) {
  Json array = Json::array();
  for (const auto& document : documents) {
    if (context.json()) {
      array.push_back({{"sha256", document.sha256},
                       {"name", document.name},
                       {"media_type", document.media_type},
                       {"bytes", document.bytes}});
    } else {
      context.out() << fmt::format("{}  {} · {} · {}\n", document.sha256.substr(0, short_hash),
                                   document.name, document.media_type, document.bytes);
    }
  }
  if (context.json()) print_json(context, {{"documents", array}});
  if (!context.json() && documents.empty()) {
    context.out() << say(context.language(), "aucune pièce\n", "no documents\n");
  }
  return ExitStatus::done;
}

ExitStatus add_document_command(CommandContext& context) {
  const auto file = required_word(context, "file", "the file");
  auto database = open_ledger(context);
  return answer_documents(context, {add_document_file(database, file)});
}

ExitStatus show_document_command(CommandContext& context) {
  auto database = open_ledger(context);
  if (!context.has("sha256")) {
    if (context.has("output")) throw ConfigError("--output needs the document's fingerprint");
    return answer_documents(context, list_documents(database));
  }
  const auto document = require_document(database, context.text("sha256"));
  if (context.has("output")) {
    const auto bytes = document_bytes(database, document.sha256);
    if (context.text("output") == "-") {
      context.out() << bytes;
      return ExitStatus::done;
    }
    core::write_file_atomically(context.text("output"), bytes);
  }
  return answer_documents(context, {document});
}

Command month_close(std::vector<SectionSource> sections) {
  auto command = ledger_command("month close", "Close a month and keep its reports as they are",
                                nullptr, "intendance month close 2026-10");
  command.run = [sections = std::move(sections)](CommandContext& context) {
    return close_month_command(context, sections);
  };
  command.arguments = "YYYY-MM";
  add_positional(command, {{"month", 1}});
  return command;
}

Command month_sign() {
  auto command = ledger_command(
      "month sign", "Sign a closed month's report: who prepared it, then somebody else",
      sign_month_command,
      "intendance month sign 2026-10 --prepared\n"
      "intendance month sign 2026-10 --approved --comment \"vu avec les Finances\"");
  command.arguments = "YYYY-MM --prepared|--approved";
  command.options.add_options()("prepared", "this login prepared the report");
  command.options.add_options()("approved",
                                "this login, not the one that prepared it, approves it");
  add_text_option(command, "fund", "NAME", "whose report (default: the configured or only fund)");
  add_text_option(command, "comment", "TEXT", "kept with the signature");
  add_positional(command, {{"month", 1}});
  return command;
}

Command document_add() {
  auto command = ledger_command("document add", "Keep a file in the ledger, by its SHA-256",
                                add_document_command, "intendance document add devis-2026-14.pdf");
  command.arguments = "FILE";
  add_positional(command, {{"file", 1}});
  return command;
}

Command document_show() {
  auto command =
      ledger_command("document show", "Show the documents, or write one to a file",
                     show_document_command, "intendance document show 5f0c2e --output devis.pdf");
  command.arguments = "[SHA256]";
  add_text_option(command, "output", "FILE", "write its bytes there; - writes to standard output");
  add_positional(command, {{"sha256", 1}});
  return command;
}

} // namespace

void register_closing_commands(core::CommandLine& line, std::vector<SectionSource> sections) {
  line.add(month_close(std::move(sections)));
  line.add(month_sign());
  line.add(ledger_command("month list", "Show closed months, their reports and signatures",
                          list_months_command, "intendance month list"));
  line.add(document_add());
  line.add(document_show());
}

} // namespace intendance::billing
