// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/render.hpp"

#include "billing/report/pdf.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <future>

namespace intendance::billing {

using core::Language;

const std::vector<ReportFormat>& report_formats() {
  static const std::vector<ReportFormat> formats = {
      {"text", "txt", "text/plain; charset=utf-8", render_text},
      {"html", "html", "text/html; charset=utf-8", render_html},
      {"pdf", "pdf", "application/pdf", render_pdf},
      {"json", "json", "application/json", render_json},
      {"csv", "csv", "text/csv; charset=utf-8; header=present", render_csv},
      {"xlsx", "xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
       render_xlsx},
      {"hledger", "journal", "text/x-hledger; charset=utf-8", render_hledger},
  };
  return formats;
}

const ReportFormat& require_format(std::string_view name) {
  std::string allowed;
  for (const auto& format : report_formats()) {
    if (format.name == name) return format;
    allowed += (allowed.empty() ? "" : " · ") + std::string(format.name);
  }
  throw core::ConfigError("\"" + std::string(name) +
                          "\" is not a form of the report; allowed: " + allowed);
}

std::vector<const ReportFormat*> parse_formats(std::string_view names) {
  std::vector<const ReportFormat*> formats;
  const auto add = [&](const ReportFormat& format) {
    if (std::find(formats.begin(), formats.end(), &format) == formats.end())
      formats.push_back(&format);
  };
  if (names == "all") {
    for (const auto& format : report_formats()) add(format);
    return formats;
  }
  for (;;) {
    const auto comma = names.find(',');
    add(require_format(names.substr(0, comma)));
    if (comma == std::string_view::npos) return formats;
    names.remove_prefix(comma + 1);
  }
}

std::string language_code(Language language) { return language == Language::french ? "fr" : "en"; }

std::string report_file_name(Month month, const std::string& fund, Language language,
                             const ReportFormat& format) {
  return month_code(month) + "-" + fund + "-" + language_code(language) + "." +
         std::string(format.extension);
}

std::string render_pdf(const MonthlyReport& report, Language language) {
  return pdf_of_html(render_html(report, language));
}

ReportFiles render_files(const MonthlyReport& report, const std::vector<Language>& languages,
                         const std::vector<const ReportFormat*>& formats) {
  ReportFiles result;
  // The browser takes most of the time: all languages are printed at once, beside the rest.
  std::vector<std::pair<Language, std::future<std::string>>> printing;
  for (const auto* format : formats) {
    for (const auto language : languages) {
      if (format->name != "pdf") continue;
      printing.emplace_back(
          language, std::async(std::launch::async, format->render, std::cref(report), language));
    }
  }
  for (const auto* format : formats) {
    for (const auto language : languages) {
      if (format->name != "pdf")
        result.files.push_back({language, format, format->render(report, language)});
    }
  }
  for (auto& [language, pdf] : printing) {
    try {
      result.files.push_back({language, &require_format("pdf"), pdf.get()});
    } catch (const core::Error& error) { // all else of the report is worth keeping without it
      result.missing.emplace_back(error.what());
    }
  }
  return result;
}

} // namespace intendance::billing
