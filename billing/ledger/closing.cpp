// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/closing.hpp"

#include "billing/ledger/documents.hpp"
#include "billing/ledger/parameters.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Postgres;

std::string first_day(Month month) { return core::format_date(days_of(month).from); }

ClosedMonth* month_of_row(std::vector<ClosedMonth>& months, const core::PostgresRow& row) {
  const auto month = month_of(core::parse_date(row.text("month")));
  const auto found = std::find_if(months.begin(), months.end(),
                                  [&](const ClosedMonth& closed) { return closed.month == month; });
  return found == months.end() ? nullptr : &*found;
}

} // namespace

std::string_view step_name(SignOffStep step) {
  return step == SignOffStep::prepared ? "prepared" : "approved";
}

std::vector<ClosedMonth> list_closed_months(Postgres& database) {
  std::vector<ClosedMonth> months;
  const auto closes =
      database.query("SELECT month, head_number, encode(head_hash, 'hex') AS head, closed_by, "
                     "to_char(closed_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS closed_at "
                     "FROM ledger.period_close ORDER BY month");
  for (const auto& row : closes) {
    months.push_back({month_of(core::parse_date(row.text("month"))),
                      row.integer("head_number"),
                      row.text("head"),
                      row.text("closed_by"),
                      row.text("closed_at"),
                      {},
                      {}});
  }
  const auto reports = database.query(
      "SELECT r.month, r.fund, r.language, r.format, encode(r.document, 'hex') AS sha256, d.bytes "
      "FROM ledger.period_report r JOIN ledger.document d ON d.sha256 = r.document "
      "ORDER BY r.month, r.fund, r.language DESC, r.format");
  for (const auto& row : reports) {
    if (auto* month = month_of_row(months, row)) {
      month->reports.push_back({row.text("fund"), row.text("language"), row.text("format"),
                                row.text("sha256"), row.integer("bytes")});
    }
  }
  const auto signatures =
      database.query("SELECT month, fund, step, signed_by, comment, "
                     "to_char(signed_at, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') AS signed_at "
                     "FROM ledger.signoff ORDER BY month, fund, signed_at");
  for (const auto& row : signatures) {
    if (auto* month = month_of_row(months, row)) {
      month->signatures.push_back({row.text("fund"), row.text("step"), row.text("signed_by"),
                                   row.text("signed_at"), row.text("comment")});
    }
  }
  return months;
}

std::optional<Date> first_open_day(Postgres& database) {
  return optional_date(
      database.query("SELECT nullif(ledger.first_open_day(), '-infinity') AS day").only(), "day");
}

void close_month(Postgres& database, Month month) {
  database.query("INSERT INTO ledger.period_close (month) VALUES ($1)", first_day(month));
}

void keep_report(Postgres& database, Month month, const KeptReport& report) {
  database.query("INSERT INTO ledger.period_report (month, fund, language, format, document) "
                 "VALUES ($1, $2, $3, $4, decode($5, 'hex'))",
                 first_day(month), report.fund, report.language, report.format, report.sha256);
}

std::optional<std::string> kept_report(Postgres& database, Month month, const std::string& fund,
                                       const std::string& language, const std::string& format) {
  const auto found =
      database.query("SELECT encode(document, 'hex') AS sha256 FROM ledger.period_report "
                     "WHERE month = $1 AND fund = $2 AND language = $3 AND format = $4",
                     first_day(month), fund, language, format);
  if (found.empty()) return std::nullopt;
  return document_bytes(database, found.only().text("sha256"));
}

void sign_off(Postgres& database, Month month, const std::string& fund, SignOffStep step,
              const std::string& comment) {
  database.query("INSERT INTO ledger.signoff (month, fund, step, comment) VALUES ($1, $2, $3, $4)",
                 first_day(month), fund, step_name(step), comment);
}

} // namespace intendance::billing
