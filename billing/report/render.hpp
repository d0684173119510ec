// SPDX-License-Identifier: AGPL-3.0-or-later
// The forms that a report can take. A new one is a function and a row in report_formats().
#pragma once

#include "billing/report/model.hpp"
#include "core/command.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

struct ReportFormat {
  std::string_view name;      // "hledger"
  std::string_view extension; // "journal"
  std::string_view media_type;
  std::string (*render)(const MonthlyReport& report, core::Language language);
};

const std::vector<ReportFormat>& report_formats();

// Throws ConfigError that names those there are.
const ReportFormat& require_format(std::string_view name);

// "pdf", "html,csv", or "all"; each once. Throws ConfigError as well.
std::vector<const ReportFormat*> parse_formats(std::string_view names);

// "fr", "en": how kept reports are called by their language.
std::string language_code(core::Language language);

// "2026-10-F-1234-fr.pdf"; a fund's name is one plain word.
std::string report_file_name(Month month, const std::string& fund, core::Language language,
                             const ReportFormat& format);

struct ReportFile {
  core::Language language = core::Language::french;
  const ReportFormat* format = nullptr;
  std::string bytes;
};

struct ReportFiles {
  std::vector<ReportFile> files;
  std::vector<std::string> missing; // why there is no PDF, when there is none
};

ReportFiles render_files(const MonthlyReport& report, const std::vector<core::Language>& languages,
                         const std::vector<const ReportFormat*>& formats);

// Plain text in 80 columns, for people.
std::string render_text(const MonthlyReport& report, core::Language language);

// One file without scripts or anything outside of it; the canonical form.
std::string render_html(const MonthlyReport& report, core::Language language);

// From the HTML (billing/report/pdf.hpp).
std::string render_pdf(const MonthlyReport& report, core::Language language);

// Integer cents and minutes, as in docs/api.md; the same in both languages but for the labels.
std::string render_json(const MonthlyReport& report, core::Language language);

// The month's entries and charges, RFC 4180 with a header line, the same in both languages. Texts
// that a spreadsheet would run as a formula begin with an apostrophe.
std::string render_csv(const MonthlyReport& report, core::Language language);

// A workbook with a sheet for each table: real numbers and dates, no macros.
std::string render_xlsx(const MonthlyReport& report, core::Language language);

// The fiscal year until the month's end, for hledger and ledger.
std::string render_hledger(const MonthlyReport& report, core::Language language);

} // namespace intendance::billing
