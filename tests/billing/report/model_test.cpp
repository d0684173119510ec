// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/costs.hpp"
#include "billing/ledger/engagements.hpp"
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
  // An invoice of one line of one hour, for October, and the entry that it bills.
  void bill(const std::string& entry, std::int64_t cents = 12000, std::int64_t tvq = 1197) {
    const auto total = std::to_string(cents + 600 + tvq);
    record(
        "INSERT INTO ledger.invoice (invoice_id, vendor, number, dated, period_from, period_to, "
        "buyer, terms, tps_number, tvq_number, before_tax_cents, tps_cents, tvq_cents, "
        "total_cents) VALUES ("
        "'00000000-0000-4000-8000-000000000011', 'koumbit', 'K-10', '2024-11-05', '2024-10-01', "
        "'2024-10-31', 'Université', 'net 30', '123456789RT0001', '1234567890TQ0001', " +
        std::to_string(cents) + ", 600, " + std::to_string(tvq) + ", " + total +
        ");INSERT INTO ledger.invoice_line (invoice_id, line, kind, fund, minutes, cents) VALUES "
        "('00000000-0000-4000-8000-000000000011', 1, 'hours', 'F-1234', 60, " +
        std::to_string(cents) +
        ");INSERT INTO ledger.match (invoice_id, line, entry_id) VALUES "
        "('00000000-0000-4000-8000-000000000011', 1, '" +
        entry + "')");
  }
  void buy(const std::string& day, std::int64_t cents, const std::string& category) {
    NewCost cost;
    cost.id = new_uuid();
    cost.service = "tei";
    cost.fund = "F-1234";
    cost.category = category;
    cost.description = "domaine";
    cost.amount = Cents(cents);
    cost.taxation = Taxation::untaxed;
    cost.first_on = core::parse_date(day);
    add_cost(database_, cost);
  }
  static const Post& post(const MonthlyReport& report, const std::string& name) {
    for (const auto& each : report.posts) {
      if (each.category.name == name) return each;
    }
    throw core::Error("no line " + name);
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

TEST_F(Report, TellsWhatIsBilledFromWhatIsAccrued) {
  const auto billed = add("2024-10-10", 60);
  add("2024-10-11", 30);
  EXPECT_EQ(draw_up("2024-10").actual(), Cents(0));
  bill(billed.id);
  const auto report = draw_up("2024-10");
  EXPECT_EQ(report.accrued, Cents(6416)); // 60.00 net of rebates
  EXPECT_EQ(report.actual() + report.accrued, report.balance.spent());
  EXPECT_EQ(report.reconciliation.unbilled_entries, 1);
  EXPECT_EQ(report.reconciliation.unbilled, Cents(6000));
  ASSERT_EQ(report.reconciliation.invoices.size(), 1U);
  EXPECT_FALSE(report.reconciliation.invoices[0].contested());
  EXPECT_TRUE(report.reconciliation.invoices[0].reconciliation.kept());
  EXPECT_EQ(draw_up("2024-09").reconciliation.invoices.size(), 0U);
}

TEST_F(Report, NamesAnInvoiceThatDoesNotAgree) {
  bill(add("2024-10-10", 55).id);
  const auto report = draw_up("2024-10");
  const auto& checked = report.reconciliation.invoices.at(0).reconciliation;
  EXPECT_EQ(checked.lines_matched(), 0U);
  EXPECT_EQ(checked.difference(), Cents(1000));
  EXPECT_EQ(checked.tax_difference(), Cents(0));
  EXPECT_THAT(render_html(report, core::Language::english),
              testing::HasSubstr("line 1: work: billed 1\u00a0h, recorded 55\u00a0min"));
  EXPECT_EQ(report.assessment.decisions.back().code, DecisionCode::contest_invoice);
}

TEST_F(Report, NamesTaxesThatAreNotTheInvoices) {
  bill(add("2024-10-10", 60).id, 12000, 1198);
  const auto report = draw_up("2024-10");
  const auto& invoice = report.reconciliation.invoices.at(0);
  EXPECT_EQ(invoice.reconciliation.lines_matched(), 1U);
  EXPECT_EQ(invoice.reconciliation.tax_difference(), Cents(1));
  EXPECT_TRUE(invoice.contested());
}

TEST_F(Report, AsksForWhatAnInvoiceLacksAndForItsMatches) {
  add("2024-10-10", 60);
  record("INSERT INTO ledger.invoice (invoice_id, vendor, number, dated, period_from, period_to, "
         "before_tax_cents, tps_cents, tvq_cents, total_cents) VALUES ("
         "'00000000-0000-4000-8000-000000000012', 'koumbit', 'K-11', '2024-11-05', '2024-10-01', "
         "'2024-10-31', 12000, 600, 1197, 13797);"
         "INSERT INTO ledger.invoice_line (invoice_id, line, kind, fund, minutes, cents) VALUES "
         "('00000000-0000-4000-8000-000000000012', 1, 'hours', 'F-1234', 60, 12000)");
  const auto report = draw_up("2024-10");
  const auto& invoice = report.reconciliation.invoices.at(0);
  EXPECT_FALSE(invoice.contested());
  EXPECT_TRUE(invoice.incomplete());
  EXPECT_FALSE(invoice.reconciliation.kept()); // the work is found, but nobody has said so
  EXPECT_EQ(report.reconciliation.unbilled_entries, 1);
  EXPECT_EQ(report.assessment.decisions.back().code, DecisionCode::complete_invoice);
}

TEST_F(Report, HasLinesOfTheBudgetThatAddUp) {
  set_budget(database_, {"F-1234", 2024, Cents(1200000), ""});
  set_budget(database_, {"F-1234", 2024, Cents(120000), "", "hosting"});
  add("2024-04-10", 600);
  add("2024-10-10", 60);
  buy("2024-05-15", 80000, "hosting");
  buy("2024-10-15", 1000, "equipment");
  buy("2025-02-15", 2000, "hosting"); // to come
  const auto report = draw_up("2024-10");
  ASSERT_EQ(report.posts.size(), 3U);
  Cents year;
  Cents forecast;
  for (const auto& each : report.posts) {
    year += each.year;
    forecast += each.forecast;
  }
  EXPECT_EQ(year, report.balance.spent());
  EXPECT_EQ(forecast, report.forecast.cost.middle);
  EXPECT_EQ(post(report, "services").plan, Cents(700000)); // seven of twelve months
  EXPECT_EQ(post(report, "services").month, report.month_total.net());
  EXPECT_EQ(post(report, "hosting").variance(), Cents(10000));
  EXPECT_FALSE(post(report, "hosting").must_be_explained());
  EXPECT_EQ(post(report, "equipment").month, Cents(1000));
  EXPECT_EQ(post(report, "equipment").budget, std::nullopt);
  const auto& causes = post(report, "services").causes;
  ASSERT_EQ(causes.size(), 2U);
  EXPECT_EQ(causes[0].code, CauseCode::quiet_months);
  EXPECT_EQ(causes[0].count, 4); // June to September
  EXPECT_EQ(causes[1].code, CauseCode::largest_work);
  EXPECT_EQ(causes[1].share.thousandths, 100000);
}

TEST_F(Report, FollowsItsSpendingThroughTheYear) {
  add("2024-04-10", 60);
  add("2024-10-10", 60);
  const auto report = draw_up("2024-10");
  ASSERT_EQ(report.course.size(), 7U);
  EXPECT_EQ(report.course[0].amount, Cents(12832));
  EXPECT_EQ(report.course[5].amount, Cents(12832));
  EXPECT_EQ(report.course[6].amount, report.balance.spent());
}

TEST_F(Report, ForecastsFromTheDayAfterItsMonth) {
  add("2024-03-10", 60 * 8);
  const auto march =
      draw_up_report(database_, {parse_month("2024-03"), require_fund(database_, "F-1234"),
                                 "koumbit", core::parse_date("2024-04-02")});
  EXPECT_EQ(march.forecast.cost.middle, march.balance.spent()); // the year is over
  EXPECT_EQ(march.forecast.cost.high, march.balance.spent());
}

TEST_F(Report, ListsWhatIsToCome) {
  NewEngagement engagement;
  engagement.fund = "F-1234";
  engagement.vendor = "koumbit";
  engagement.service = "tei";
  engagement.activity = "development";
  engagement.work = Minutes(600);
  engagement.accepted_by = "M. Roy";
  engagement.accepted_on = core::parse_date("2024-08-01");
  engagement.expected_by = core::parse_date("2024-10-15");
  engagement.description = "recherche";
  add_engagement(database_, engagement);
  record("INSERT INTO ledger.grant_award VALUES ('g', 'F-1234', 'CRSH', '435', '2023-04-01', "
         "'2025-03-31');"
         "INSERT INTO ledger.grant_deadline (award, due_on, report, label_fr, label_en) VALUES "
         "('g', '2024-09-30', 'form-300', 'formulaire 300', 'Form 300')");
  const auto report = draw_up("2024-10");
  ASSERT_EQ(report.upcoming.size(), 4U);
  EXPECT_EQ(report.upcoming[0].kind, UpcomingKind::funder_report); // late, and so still there
  EXPECT_EQ(report.upcoming[1].kind, UpcomingKind::engagement_due);
  EXPECT_EQ(report.upcoming[1].amount, Cents(120000));
  EXPECT_EQ(report.assessment.light, Light::red);
  EXPECT_EQ(report.assessment.decisions[0].code, DecisionCode::hand_in);
  EXPECT_EQ(report.assessment.decisions[1].code, DecisionCode::settle_engagement);
}

TEST_F(Report, TakesInWhatOtherRoomsKnow) {
  ReportRequest request{parse_month("2024-10"), require_fund(database_, "F-1234"), "koumbit",
                        test_day};
  request.sections = {[](Month month, Date) {
    return ForeignSection{{"drills", "Essais", {Paragraph{"essayé en " + month_code(month)}}},
                          {"drills", "Drills", {Paragraph{"tried in " + month_code(month)}}}};
  }};
  const auto report = draw_up_report(database_, request);
  EXPECT_THAT(render_html(report, core::Language::french), testing::HasSubstr("essayé en 2024-10"));
  EXPECT_THAT(render_json(report, core::Language::english), testing::HasSubstr("tried in 2024-10"));
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
