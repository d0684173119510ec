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
  std::string_view name; // "text"
  std::string_view media_type;
  std::string (*render)(const MonthlyReport& report, core::Language language);
};

const std::vector<ReportFormat>& report_formats();

// Throws ConfigError that names those there are.
const ReportFormat& require_format(std::string_view name);

// Plain text in 80 columns, for people.
std::string render_text(const MonthlyReport& report, core::Language language);

// Integer cents and minutes, as in docs/api.md; the same in both languages but for the labels.
std::string render_json(const MonthlyReport& report, core::Language language);

// The month's entries, RFC 4180 with a header line, the same in both languages. Texts that a
// spreadsheet would run as a formula begin with an apostrophe.
std::string render_csv(const MonthlyReport& report, core::Language language);

} // namespace intendance::billing
