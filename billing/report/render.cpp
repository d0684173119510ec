// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/render.hpp"

#include "billing/report/pdf.hpp"
#include "core/error.hpp"

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

std::string language_code(Language language) { return language == Language::french ? "fr" : "en"; }

std::string report_file_name(Month month, const std::string& fund, Language language,
                             const ReportFormat& format) {
  return month_code(month) + "-" + fund + "-" + language_code(language) + "." +
         std::string(format.extension);
}

std::string render_pdf(const MonthlyReport& report, Language language) {
  return pdf_of_html(render_html(report, language));
}

ReportFiles render_files(const MonthlyReport& report) {
  ReportFiles result;
  // The browser takes most of the time: both languages are printed at once, beside the rest.
  struct Printing {
    Language language;
    std::future<std::string> pdf;
  };
  std::vector<Printing> printing;
  for (const auto language : {Language::french, Language::english}) {
    printing.push_back({language, std::async(std::launch::async, [&report, language] {
                          return render_pdf(report, language);
                        })});
  }
  for (const auto& format : report_formats()) {
    if (format.name == "pdf") continue;
    for (const auto language : {Language::french, Language::english}) {
      result.files.push_back({language, &format, format.render(report, language)});
    }
  }
  for (auto& each : printing) {
    try {
      result.files.push_back({each.language, &require_format("pdf"), each.pdf.get()});
    } catch (const core::Error& error) { // all else of the report is worth keeping without it
      result.missing.emplace_back(error.what());
    }
  }
  return result;
}

} // namespace intendance::billing
