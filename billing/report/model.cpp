// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/model.hpp"

#include "billing/ledger/rates.hpp"
#include "billing/ledger/taxes.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Postgres;

std::vector<ReportLine> read_lines(Postgres& database, const std::string& fund, Period month,
                                   Date year_start) {
  std::vector<ReportLine> lines;
  const auto rows = database.query(
      "SELECT e.service, s.label, e.activity, a.label_fr, a.label_en, "
      "coalesce(sum(minutes) FILTER (WHERE posted_on >= $2), 0) AS month_minutes, "
      "coalesce(sum(cents) FILTER (WHERE posted_on >= $2), 0)::bigint AS month_cents, "
      "sum(minutes) AS year_minutes, sum(cents)::bigint AS year_cents "
      "FROM ledger.entry e "
      "JOIN ledger.service s ON s.name = e.service "
      "JOIN ledger.activity a ON a.name = e.activity "
      "WHERE fund = $1 AND posted_on BETWEEN $4 AND $3 "
      "GROUP BY e.service, s.label, e.activity, a.label_fr, a.label_en "
      "ORDER BY e.service::text COLLATE \"C\", e.activity::text COLLATE \"C\"",
      fund, core::format_date(month.from), core::format_date(month.to),
      core::format_date(year_start));
  for (const auto& row : rows) {
    ReportLine line;
    line.service = {row.text("service"), row.text("label"), row.text("label")};
    line.activity = {row.text("activity"), row.text("label_fr"), row.text("label_en")};
    line.month_work = Minutes(row.integer("month_minutes"));
    line.month_amount = Cents(row.integer("month_cents"));
    line.year_work = Minutes(row.integer("year_minutes"));
    line.year_amount = Cents(row.integer("year_cents"));
    lines.push_back(std::move(line));
  }
  return lines;
}

ReportStatus status_of(Postgres& database, Month month) {
  const bool closed = database
                          .query("SELECT $1::date < ledger.first_open_day() AS closed",
                                 core::format_date(days_of(month).to))
                          .only()
                          .boolean("closed");
  return closed ? ReportStatus::closed : ReportStatus::provisional;
}

} // namespace

MonthlyReport draw_up_report(Postgres& database, const ReportRequest& request) {
  const auto days = days_of(request.month);
  if (days.from > request.today) {
    throw core::Error("the month " + month_code(request.month) + " has not begun (today is " +
                      core::format_date(request.today) + ")");
  }
  core::Transaction transaction(database);
  database.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  MonthlyReport report;
  report.month = request.month;
  report.drawn_up = request.today;
  report.status = status_of(database, request.month);
  report.head = ledger_head(database);
  const auto year = fiscal_year_of(days.from, request.fund.first_month);
  const auto as_of = std::min(days.to, request.today);
  report.balance = balance_of(database, request.fund, year, as_of);
  report.month_total = taxed_postings(database, request.fund.name, days);
  report.lines = read_lines(database, request.fund.name, days, year.days.from);
  for (const auto& line : report.lines)
    report.month_work += line.month_work;
  const auto rate = highest_rate(database, request.vendor, as_of);
  if (rate && report.balance.available()) {
    report.affordable = affordable_work(*report.balance.available(), *rate,
                                        tax_rates(database, as_of), report.balance.basis);
  }
  report.entries = list_entries(database, {request.fund.name, days});
  transaction.commit();
  return report;
}

} // namespace intendance::billing
