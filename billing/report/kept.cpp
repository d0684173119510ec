// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/kept.hpp"

#include "billing/ledger/closing.hpp"
#include "billing/report/pdf.hpp"

namespace intendance::billing {

std::optional<std::string> kept_form(core::Postgres& database, Month month, const std::string& fund,
                                     const std::string& language, const std::string& format) {
  auto kept = kept_report(database, month, fund, language, format);
  if (kept || format != "pdf") return kept;
  const auto html = kept_report(database, month, fund, language, "html");
  return html ? std::optional(pdf_of_html(*html)) : std::nullopt;
}

} // namespace intendance::billing
