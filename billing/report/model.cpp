// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/model.hpp"

#include "billing/ledger/closing.hpp"
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
  const auto open = first_open_day(database);
  return open && days_of(month).to < *open ? ReportStatus::closed : ReportStatus::provisional;
}

std::vector<SpentUntil> course_of(const ForecastInput& input) {
  std::vector<SpentUntil> course;
  Cents sum;
  for (auto month = month_of(input.year.days.from); month <= month_of(input.today);
       month += std::chrono::months(1)) {
    for (const auto& spent : input.spent) {
      if (spent.month == month) sum += spent.ordinary + spent.engaged + spent.recurring;
    }
    course.push_back({month, sum});
  }
  return course;
}

Date next_day(Date day) { return std::chrono::sys_days(day) + std::chrono::days(1); }

void read_outlook(Postgres& database, Period month, MonthlyReport& report) {
  auto input = read_forecast_input(database, report.balance);
  report.course = course_of(input);
  // The forecast takes its day for one that is not over; the month's last one is.
  if (report.balance.as_of == month.to) input.today = next_day(month.to);
  report.forecast = forecast_year(input);
}

void read_promises(Postgres& database, const Fund& fund, MonthlyReport& report) {
  report.engagements = list_engagements(database, report.balance.as_of, fund.name);
  for (auto& quote : list_quotes(database)) {
    const bool offered = quote.quoted_on <= report.drawn_up && !quote.engagement;
    if (offered && (!quote.valid_until || *quote.valid_until >= report.balance.as_of)) {
      report.open_quotes.push_back(std::move(quote));
    }
  }
}

std::vector<Charge> counted_in(const std::vector<Charge>& charges, Period days) {
  std::vector<Charge> counted;
  for (const auto& charge : charges) {
    if (charge.posted_on >= days.from && charge.posted_on <= days.to) counted.push_back(charge);
  }
  return counted;
}

} // namespace

MonthlyReport read_report(Postgres& database, const ReportRequest& request) {
  const auto days = days_of(request.month);
  if (days.from > request.today) {
    throw core::Error("the month " + month_code(request.month) + " has not begun (today is " +
                      core::format_date(request.today) + ")");
  }
  const auto& fund = request.fund.name;
  MonthlyReport report;
  report.month = request.month;
  report.drawn_up = request.today;
  report.status = status_of(database, request.month);
  report.head = ledger_head(database);
  const auto year = fiscal_year_of(days.from, request.fund.first_month);
  const auto as_of = std::min(days.to, request.today);
  report.balance = balance_of(database, request.fund, year, as_of);
  report.month_total = taxed_postings(database, fund, days);
  report.lines = read_lines(database, fund, days, year.days.from);
  for (const auto& line : report.lines) report.month_work += line.month_work;
  const auto rate = highest_rate(database, request.vendor, as_of);
  if (rate && report.balance.available()) {
    report.affordable = affordable_work(*report.balance.available(), *rate,
                                        tax_rates(database, as_of), report.balance.basis);
  }
  report.entries = list_entries(database, {fund, days});
  const auto charges = list_charges(database, year.days, {fund, std::nullopt});
  report.charges = counted_in(charges, {days.from, as_of});
  report.month_costs = taxed_charges(database, report.charges);
  report.earlier_charges = counted_in(
      charges, {year.days.from, std::chrono::sys_days(days.from) - std::chrono::days(1)});
  read_outlook(database, days, report);
  read_promises(database, request.fund, report);
  report.posts = read_posts(database, report, charges);
  report.reconciliation = read_checked_invoices(database, report.balance, days);
  report.accrued = report.reconciliation.accrued;
  report.upcoming = read_upcoming(database, report);
  report.evidence = read_evidence(database, report.balance, days);
  report.assessment = assess(report);
  for (const auto& source : request.sections) {
    report.foreign.push_back(source(request.month, request.today));
  }
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
