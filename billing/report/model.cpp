// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/model.hpp"

#include "billing/ledger/rates.hpp"
#include "billing/ledger/taxes.hpp"
#include "billing/ledger/work.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Postgres;

// The year's lines, with the month's share of each; every line of the month is one of the year.
std::vector<ReportLine> read_lines(Postgres& database, const std::string& fund, Period month,
                                   Date year_start) {
  std::vector<ReportLine> lines;
  for (const auto& share : work_by_service(database, fund, {year_start, month.to})) {
    lines.push_back(
        {share.service, share.activity, Minutes(0), Cents(0), share.work, share.amount});
  }
  for (const auto& share : work_by_service(database, fund, month)) {
    const auto line = std::find_if(lines.begin(), lines.end(), [&](const ReportLine& candidate) {
      return candidate.service.name == share.service.name &&
             candidate.activity.name == share.activity.name;
    });
    if (line == lines.end()) throw core::CorruptData("a month's work is not in its year");
    line->month_work = share.work;
    line->month_amount = share.amount;
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

MonthlyReport read_report(Postgres& database, const ReportRequest& request) {
  const auto days = days_of(request.month);
  if (days.from > request.today) {
    throw core::Error("the month " + month_code(request.month) + " has not begun (today is " +
                      core::format_date(request.today) + ")");
  }
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
  for (const auto& line : report.lines) report.month_work += line.month_work;
  const auto rate = highest_rate(database, request.vendor, as_of);
  if (rate && report.balance.available()) {
    report.affordable = affordable_work(*report.balance.available(), *rate,
                                        tax_rates(database, as_of), report.balance.basis);
  }
  report.entries = list_entries(database, {request.fund.name, days});
  return report;
}

MonthlyReport draw_up_report(Postgres& database, const ReportRequest& request) {
  core::Transaction transaction(database);
  database.query("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY");
  auto report = read_report(database, request);
  transaction.commit();
  return report;
}

} // namespace intendance::billing
