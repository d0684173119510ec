// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/uuid.hpp"
#include "billing/report/model.hpp"
#include "billing/report/render.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

class Report : public LedgerTest {
protected:
  MonthlyReport draw_up(const std::string& month) {
    return draw_up_report(
        database_, {parse_month(month), require_fund(database_, "F-1234"), "koumbit", test_day});
  }
};

TEST_F(Report, AddsUpFromItsEntries) {
  set_budget(database_, {"F-1234", 2024, Cents(2400000), ""});
  add("2024-03-31", 500); // the year before
  add("2024-09-10", 60);
  add("2024-10-01", 90);
  auto other = work("2024-10-31", 45);
  other.service = "tei";
  add(other);
  reverse_entry(database_, 3, "twice", new_uuid());
  add("2024-11-01", 30); // the month after
  const auto report = draw_up("2024-10");
  EXPECT_EQ(report.entries.size(), 3U);
  EXPECT_EQ(report.month_work, Minutes(45));
  EXPECT_EQ(report.month_total.before_tax, Cents(9000));
  EXPECT_EQ(report.balance.total.before_tax, Cents(21000));
  EXPECT_EQ(report.balance.work, Minutes(105));
  Minutes year;
  Cents amount;
  for (const auto& line : report.lines) {
    year += line.year_work;
    amount += line.year_amount;
  }
  EXPECT_EQ(year, report.balance.work);
  EXPECT_EQ(amount, report.balance.total.before_tax);
  Cents annex;
  for (const auto& entry : report.entries) annex += entry.amount;
  EXPECT_EQ(annex, report.month_total.before_tax);
  EXPECT_EQ(report.head.entries, 6);
  EXPECT_GT(report.affordable->count(), 60 * 100);
}

TEST_F(Report, IsProvisionalUntilItsMonthIsClosed) {
  EXPECT_EQ(draw_up("2024-09").status, ReportStatus::provisional);
  close_month("2024-09");
  EXPECT_EQ(draw_up("2024-09").status, ReportStatus::closed);
  EXPECT_EQ(draw_up("2024-10").status, ReportStatus::provisional);
}

TEST_F(Report, OfNothingSaysSo) {
  const auto report = draw_up("2024-10");
  EXPECT_TRUE(report.lines.empty());
  EXPECT_EQ(report.balance.budget, std::nullopt);
  EXPECT_THAT(render_text(report, core::Language::english),
              testing::HasSubstr("No entry this month."));
}

TEST_F(Report, OfAMonthThatHasNotBegunIsRefused) { EXPECT_THROW(draw_up("2024-12"), core::Error); }

} // namespace
} // namespace intendance::billing
