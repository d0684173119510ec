// SPDX-License-Identifier: AGPL-3.0-or-later
// report monthly
#include "billing/command_support.hpp"
#include "billing/report/kept.hpp"
#include "billing/report/pdf.hpp"
#include "billing/report/render.hpp"
#include "core/file.hpp"

#include <filesystem>
#include <ostream>

namespace intendance::billing {
namespace {

namespace fs = std::filesystem;
using core::Command;
using core::CommandContext;
using core::ExitStatus;
using Formats = std::vector<const ReportFormat*>;

// What the month's close kept is given as it is; the rest is made of one reading of the ledger.
// Of several forms, one that cannot be made costs only itself.
ReportFiles gather(core::Postgres& database, const ReportRequest& request, core::Language language,
                   const Formats& formats) {
  ReportFiles gathered;
  Formats open;
  for (const auto* format : formats) {
    try {
      auto kept = kept_form(database, request.month, request.fund.name, language_code(language),
                            std::string(format->name));
      if (kept) {
        gathered.files.push_back({language, format, std::move(*kept)});
      } else {
        open.push_back(format);
      }
    } catch (const PdfFailure& failure) {
      gathered.missing.emplace_back(failure.what());
    }
  }
  if (!open.empty()) {
    auto rendered = render_files(draw_up_report(database, request), {language}, open);
    for (auto& file : rendered.files) gathered.files.push_back(std::move(file));
    for (auto& reason : rendered.missing) gathered.missing.push_back(std::move(reason));
  }
  if (gathered.files.empty()) throw core::Error(gathered.missing.front());
  return gathered;
}

void write(const CommandContext& context, const fs::path& file, const std::string& bytes) {
  core::write_file_atomically(file, bytes);
  context.out() << file.string() << '\n';
}

ExitStatus report_monthly(CommandContext& context, const std::vector<SectionSource>& sections) {
  if (!context.has("month")) throw core::ConfigError("which month? As in: report monthly 2026-11");
  const auto month = parsed_option(context, "month", parse_month);
  const auto formats = parse_formats(context.text("format", context.json() ? "json" : "text"));
  if (formats.size() > 1 && !context.has("output"))
    throw core::ConfigError("several forms need a folder: add --output FOLDER");
  const auto language = context.language();
  auto database = open_ledger(context);
  ReportRequest request;
  request.month = month;
  request.fund = chosen_fund(context, database);
  request.vendor = settings(context).vendor;
  request.today = today();
  request.sections = sections;
  const auto gathered = gather(database, request, language, formats);
  if (!context.has("output")) {
    context.out() << gathered.files.front().bytes;
    return ExitStatus::done;
  }
  const fs::path output = context.text("output");
  if (formats.size() == 1 && !fs::is_directory(output)) {
    core::write_file_atomically(output, gathered.files.front().bytes);
    return ExitStatus::done;
  }
  fs::create_directories(output);
  for (const auto& file : gathered.files) {
    write(context, output / report_file_name(month, request.fund.name, language, *file.format),
          file.bytes);
  }
  for (const auto& reason : gathered.missing) context.err() << "intendance: " << reason << '\n';
  return gathered.missing.empty() ? ExitStatus::done : ExitStatus::warnings;
}

Command report_command(std::vector<SectionSource> sections) {
  Command command;
  command.name = "report monthly";
  command.summary = "Draw up a month's report for a fund";
  command.arguments = "YYYY-MM";
  command.example = "intendance report monthly 2026-11 --lang fr --format pdf --output 2026-11.pdf";
  std::string formats;
  for (const auto& format : report_formats()) formats += std::string(format.name) + ", ";
  add_text_option(command, "format", "NAME",
                  (formats + "several with commas, or all (default: text)").c_str());
  add_text_option(command, "output", "FILE",
                  "write there instead of to standard output; a folder for several forms");
  add_text_option(command, "fund", "NAME", "default: the configured or only fund");
  add_database_option(command);
  command.options.add_options()("month", boost::program_options::value<std::string>(), "");
  command.positional = {{"month", 1}};
  command.run = [sections = std::move(sections)](CommandContext& context) {
    return report_monthly(context, sections);
  };
  return command;
}

} // namespace

void register_report_commands(core::CommandLine& line, std::vector<SectionSource> sections) {
  line.add(report_command(std::move(sections)));
}

} // namespace intendance::billing
