// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/upcoming.hpp"

#include "billing/report/model.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Postgres;

constexpr std::chrono::days horizon{183};

class Horizon {
public:
  Horizon(Postgres& database, const MonthlyReport& report)
      : database_(database), report_(report), from_(days_of(report.month).from),
        to_(std::chrono::sys_days(report.balance.as_of) + horizon) {}

  std::vector<Upcoming> read() {
    read_grants();
    read_costs();
    for (const auto& engagement : report_.engagements) {
      if (!engagement.expected_by || engagement.left <= Cents(0)) continue;
      // Its day may be over: what is left of it still waits.
      if (*engagement.expected_by > to_) continue;
      const auto subject = engagement.name + " · " + engagement.description;
      found_.push_back({*engagement.expected_by, UpcomingKind::engagement_due, subject, subject,
                        engagement.left});
    }
    for (const auto& quote : report_.open_quotes) {
      const auto subject = quote.number + " · " + quote.description;
      if (quote.valid_until) {
        add({*quote.valid_until, UpcomingKind::quote_lapses, subject, subject, quote.amount});
      }
    }
    add({report_.balance.year.days.to, UpcomingKind::year_end, "", "", std::nullopt});
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Upcoming& a, const Upcoming& b) { return a.day < b.day; });
    return std::move(found_);
  }

private:
  void add(Upcoming upcoming) {
    if (upcoming.day >= from_ && upcoming.day <= to_) found_.push_back(std::move(upcoming));
  }

  void read_grants() {
    const auto& fund = report_.balance.fund.name;
    const auto grants = database_.query("SELECT funder, number, ends_on FROM ledger.grant_award "
                                        "WHERE fund = $1 ORDER BY name",
                                        fund);
    for (const auto& row : grants) {
      const auto subject = row.text("funder") + " " + row.text("number");
      add({core::parse_date(row.text("ends_on")), UpcomingKind::grant_end, subject, subject,
           std::nullopt});
    }
    const auto deadlines = database_.query(
        "SELECT d.due_on, d.label_fr, d.label_en FROM ledger.grant_deadline d "
        "JOIN ledger.grant_award a ON a.name = d.award "
        "WHERE a.fund = $1 AND d.state = 'open' ORDER BY d.due_on, d.award, d.report",
        fund);
    for (const auto& row : deadlines) {
      const auto due = core::parse_date(row.text("due_on"));
      if (due > to_) continue; // one that is open stays due after its day
      found_.push_back({due, UpcomingKind::funder_report, row.text("label_fr"),
                        row.text("label_en"), std::nullopt});
    }
  }

  void read_costs() {
    for (const auto& cost : list_costs(database_)) {
      if (cost.fund != report_.balance.fund.name || !cost.expires_on || cost.reverses) continue;
      const auto subject = cost.description + " (" + cost.service + ")";
      add({*cost.expires_on, UpcomingKind::cost_expires, subject, subject, std::nullopt});
    }
  }

  Postgres& database_;
  const MonthlyReport& report_;
  const Date from_;
  const Date to_;
  std::vector<Upcoming> found_;
};

} // namespace

std::vector<Upcoming> read_upcoming(Postgres& database, const MonthlyReport& report) {
  return Horizon(database, report).read();
}

} // namespace intendance::billing
