// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/render.hpp"

#include "core/error.hpp"

namespace intendance::billing {

const std::vector<ReportFormat>& report_formats() {
  static const std::vector<ReportFormat> formats = {
      {"text", "text/plain; charset=utf-8", render_text},
      {"json", "application/json", render_json},
      {"csv", "text/csv; charset=utf-8; header=present", render_csv},
  };
  return formats;
}

const ReportFormat& require_format(std::string_view name) {
  std::string allowed;
  for (const auto& format : report_formats()) {
    if (format.name == name) return format;
    allowed += (allowed.empty() ? "" : " · ") + std::string(format.name);
  }
  throw core::ConfigError("--format " + std::string(name) +
                          " is not a form of the report; allowed: " + allowed);
}

} // namespace intendance::billing
