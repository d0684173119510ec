// SPDX-License-Identifier: AGPL-3.0-or-later
// Lines against entries, on paper: what matches, what does not, and by which method.
#include "billing/invoices/matching.hpp"
#include "billing/invoices/rounding.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Reconcile : public ::testing::Test {
protected:
  Reconcile() {
    auto& invoice = input_.invoice;
    invoice.vendor = "koumbit";
    invoice.number = "2024-10";
    invoice.dated = core::parse_date("2024-11-05");
    invoice.period = {core::parse_date("2024-10-01"), core::parse_date("2024-10-31")};
    invoice.buyer = "Université de Montréal";
    invoice.terms = "30 jours";
    invoice.tps_number = "123456789RT0001";
    invoice.tvq_number = "1234567890TQ0001";
    input_.tax_rates = {{"TPS", 5000, 67000}, {"TVQ", 9975, 47000}};
    input_.hourly = {
        {"koumbit", std::nullopt, core::parse_date("2023-04-01"), std::nullopt, Cents(12000), ""}};
  }

  void log(const std::string& day, std::int64_t minutes, const std::string& service = "tei",
           Cents per_hour = Cents(12000)) {
    Billable billable;
    auto& entry = billable.entry;
    entry.number = static_cast<std::int64_t>(input_.entries.size()) + 1;
    entry.work = Minutes(minutes);
    entry.worked_on = core::parse_date(day);
    entry.fund = "F";
    entry.vendor = "koumbit";
    entry.service = service;
    entry.activity = "maintenance";
    entry.per_hour = per_hour;
    entry.amount = price(entry.work, per_hour);
    input_.entries.push_back(std::move(billable));
  }
  InvoiceLine& bill(LineKind kind, std::int64_t cents) {
    InvoiceLine line;
    line.number = static_cast<int>(input_.invoice.lines.size()) + 1;
    line.kind = kind;
    line.fund = "F";
    line.amount = Cents(cents);
    input_.invoice.lines.push_back(line);
    return input_.invoice.lines.back();
  }
  InvoiceLine& bill_hours(std::int64_t minutes, const std::optional<std::string>& service = "tei",
                          std::optional<std::int64_t> cents = std::nullopt) {
    auto& line = bill(LineKind::hours, cents.value_or(minutes * 200));
    line.work = Minutes(minutes);
    line.service = service;
    return line;
  }
  Reconciliation reconcile() {
    const auto taxes = tax_invoice(input_.invoice.before_tax(), input_.tax_rates);
    input_.invoice.tps = taxes.taxes[0].tax;
    input_.invoice.tvq = taxes.taxes[1].tax;
    return billing::reconcile(input_);
  }
  // "line kind billed recorded subject" of each mismatch; e5 is entry 5.
  static std::vector<std::string> words(const Reconciliation& reconciliation) {
    std::vector<std::string> all;
    for (const auto& mismatch : reconciliation.mismatches) {
      const auto place = mismatch.line    ? std::to_string(*mismatch.line)
                         : mismatch.entry ? "e" + std::to_string(*mismatch.entry)
                                          : "-";
      all.push_back(fmt::format("{} {} {} {} {}", place, kind_name(mismatch.kind), mismatch.billed,
                                mismatch.recorded, mismatch.subject));
    }
    return all;
  }

  ReconciliationInput input_;
};

TEST_F(Reconcile, AWholeGroupToItsLine) {
  log("2024-10-02", 60);
  log("2024-10-09", 30);
  log("2024-10-09", 45, "expositions");
  bill_hours(90);
  bill_hours(45, "expositions").activity = "maintenance";
  const auto result = reconcile();
  EXPECT_THAT(words(result), IsEmpty());
  EXPECT_THAT(result.lines[0].entries, ElementsAre(1, 2));
  EXPECT_THAT(result.lines[1].entries, ElementsAre(3));
  EXPECT_EQ(result.lines[0].state, LineState::matched);
  EXPECT_EQ(result.lines[0].amount_method, AmountMethod::exact);
  EXPECT_EQ(result.tax_method, TaxMethod::per_invoice);
  EXPECT_EQ(result.difference(), Cents(0));
  EXPECT_EQ(result.lines_matched(), 2U);
}

TEST_F(Reconcile, LinesThatNameADayOrADescription) {
  log("2024-10-02", 60);
  log("2024-10-09", 60);
  log("2024-10-09", 60);
  input_.entries[2].entry.description = "migration";
  bill_hours(60).worked_on = core::parse_date("2024-10-09");
  bill_hours(60).description = "migration";
  bill_hours(60);
  const auto result = reconcile();
  EXPECT_THAT(words(result), IsEmpty());
  EXPECT_THAT(result.lines[0].entries, ElementsAre(2));
  EXPECT_THAT(result.lines[1].entries, ElementsAre(3));
  EXPECT_THAT(result.lines[2].entries, ElementsAre(1));
}

TEST_F(Reconcile, SeveralLinesOfOneServiceByWhatAddsUp) {
  for (const int minutes : {25, 50, 35, 90, 15}) log("2024-10-02", minutes);
  bill_hours(60); // 25 + 35
  bill_hours(90);
  bill_hours(65); // 50 + 15
  const auto result = reconcile();
  EXPECT_THAT(words(result), IsEmpty());
  EXPECT_THAT(result.lines[0].entries, ElementsAre(1, 3));
  EXPECT_THAT(result.lines[1].entries, ElementsAre(4));
  EXPECT_THAT(result.lines[2].entries, ElementsAre(2, 5));
}

TEST_F(Reconcile, NamesWhatNobodyBillsAndWhatNobodyLogged) {
  log("2024-10-02", 60);
  log("2024-10-03", 30);
  bill_hours(60);
  bill_hours(120, "expositions");
  const auto result = reconcile();
  EXPECT_THAT(words(result), ElementsAre("2 never_logged 120 0 ", "e2 unbilled_entry 0 30 "));
  EXPECT_EQ(result.lines[1].state, LineState::unmatched);
  EXPECT_EQ(result.difference(), Cents(24000));
  EXPECT_EQ(result.unbilled.at(0).number, 2);
}

TEST_F(Reconcile, NamesWorkAndRatesThatDiffer) {
  log("2024-10-02", 60);
  log("2024-10-03", 30);
  log("2024-10-03", 60, "expositions");
  log("2024-10-03", 60, "nuage");
  bill_hours(100);
  bill_hours(60, "expositions", 12500);
  bill_hours(60, "nuage", 11999);
  input_.invoice.lines[2].amount = Cents(12001);
  const auto result = reconcile();
  EXPECT_THAT(words(result), ElementsAre("1 minutes_differ 100 90 ", "2 rate_differs 12500 12000 ",
                                         "3 rate_differs 12001 12000 "));
  EXPECT_EQ(result.lines[0].state, LineState::differs);
  EXPECT_EQ(result.lines[1].state, LineState::differs);
  EXPECT_EQ(result.lines_matched(), 0U);
}

TEST_F(Reconcile, NamesAmountsThatNoRateGives) {
  log("2024-10-02", 100);
  bill_hours(100, "tei", 20001);
  EXPECT_THAT(words(reconcile()), ElementsAre("1 amount_differs 20001 20000 "));
}

TEST_F(Reconcile, NamesTheMethodByWhichAmountsAreRounded) {
  const Cents odd(10001); // 166.68 cents a minute
  input_.hourly[0].per_hour = odd;
  for (int count = 0; count < 4; ++count) log("2024-10-02", 1, "tei", odd);
  bill_hours(4, "tei", 4 * 167);
  EXPECT_EQ(reconcile().lines[0].amount_method, AmountMethod::each_entry);
  input_.invoice.lines[0].amount = price(Minutes(4), odd);
  EXPECT_EQ(reconcile().lines[0].amount_method, AmountMethod::whole_line);
  input_.invoice.lines[0].amount = price(Minutes(4), odd) - Cents(1);
  EXPECT_THAT(words(reconcile()), ElementsAre("1 rate_differs 9990 10001 "));
}

TEST_F(Reconcile, LateWorkOnlyWhereItIsBilled) {
  log("2024-09-20", 60);
  log("2024-10-03", 30);
  bill_hours(90);
  EXPECT_THAT(reconcile().lines[0].entries, ElementsAre(1, 2));
  input_.invoice.lines[0].work = Minutes(30);
  input_.invoice.lines[0].amount = Cents(6000);
  const auto result = reconcile();
  EXPECT_THAT(result.lines[0].entries, ElementsAre(2));
  EXPECT_THAT(words(result), IsEmpty()) << "September's work is not missing in October's invoice";
}

TEST_F(Reconcile, WorkOfItsOwnDaysBeforeLateWork) {
  log("2024-09-20", 30);
  log("2024-10-03", 30);
  bill_hours(30);
  EXPECT_THAT(reconcile().lines[0].entries, ElementsAre(2));
  log("2024-10-04", 20);
  log("2024-10-05", 10);
  bill_hours(30);
  const auto result = reconcile();
  EXPECT_THAT(result.lines[0].entries, ElementsAre(2));
  EXPECT_THAT(result.lines[1].entries, ElementsAre(3, 4));
}

TEST_F(Reconcile, KeepsWhatIsMatchedAlready) {
  log("2024-10-02", 60);
  log("2024-10-03", 60);
  bill_hours(60);
  input_.entries[1].line = 1;
  EXPECT_THAT(reconcile().lines[0].entries, ElementsAre(2));
}

TEST_F(Reconcile, OtherFundsAreNoneOfItsBusiness) {
  log("2024-10-02", 60);
  input_.entries[0].entry.fund = "G";
  bill_hours(60);
  EXPECT_THAT(words(reconcile()), ElementsAre("1 never_logged 60 0 ", "e1 unbilled_entry 0 60 "));
}

TEST_F(Reconcile, ACreditForWorkTakenBack) {
  log("2024-10-02", -60);
  bill_hours(-60);
  const auto result = reconcile();
  EXPECT_THAT(words(result), IsEmpty());
  EXPECT_THAT(result.lines[0].entries, ElementsAre(1));
}

TEST_F(Reconcile, CostsToTheirCharges) {
  input_.charges = {
      {"c1", core::parse_date("2024-10-05"), "F", "tei", Cents(2500), false, "domaine", {}},
      {"c2", core::parse_date("2024-10-06"), "F", "nuage", Cents(900), false, "licence", {}}};
  bill(LineKind::cost, 2500).service = "tei";
  bill(LineKind::cost, 950).service = "nuage";
  bill(LineKind::cost, 7000).service = "tei";
  const auto result = reconcile();
  EXPECT_EQ(result.lines[0].cost, "c1");
  EXPECT_EQ(result.lines[1].cost, "c2");
  EXPECT_THAT(words(result), ElementsAre("2 amount_differs 950 900 ", "3 never_logged 7000 0 "));
}

TEST_F(Reconcile, CostsThatBearNoTax) {
  input_.charges = {
      {"c1", core::parse_date("2024-10-05"), "F", "tei", Cents(2500), true, "domaine", {}},
      {"c2", core::parse_date("2024-10-06"), "F", "nuage", Cents(900), false, "licence", {}}};
  bill(LineKind::cost, 2500).service = "tei";
  bill(LineKind::cost, 900).service = "nuage";
  reconcile(); // bills taxes on everything
  const auto billed = billing::reconcile(input_);
  EXPECT_THAT(words(billed), ElementsAre("- taxes_differ 170 45 TPS", "- taxes_differ 339 90 TVQ"));
  input_.invoice.tps = Cents(45);
  input_.invoice.tvq = Cents(90);
  EXPECT_THAT(words(billing::reconcile(input_)), IsEmpty());
}

TEST_F(Reconcile, AQuarterRoundedUpToAnHour) {
  log("2024-11-02", 61);
  input_.invoice.period = {core::parse_date("2024-11-01"), core::parse_date("2024-11-30")};
  bill_hours(61);
  bill(LineKind::adjustment, 11800).description = "trimestre";
  const auto result = reconcile();
  EXPECT_THAT(words(result), IsEmpty());
  EXPECT_EQ(result.lines[1].state, LineState::explained);
  EXPECT_EQ(result.lines[1].rounded_up, Minutes(59));
  input_.invoice.lines[1].amount = Cents(11801);
  EXPECT_THAT(words(reconcile()), ElementsAre("2 unexplained_adjustment 11801 0 "));
  input_.invoice.lines[1].amount = Cents(11800);
  input_.invoice.period.to = core::parse_date("2024-12-31");
  EXPECT_THAT(words(reconcile()),
              ElementsAre("2 unexplained_adjustment 11800 0 outside_quarter_end"));
}

TEST_F(Reconcile, WhatTheLawWantsOnAnInvoice) {
  log("2024-10-02", 60);
  bill_hours(60);
  input_.invoice.buyer.reset();
  input_.invoice.tps_number.reset();
  input_.invoice.tvq_number.reset();
  input_.invoice.terms.reset();
  EXPECT_THAT(words(reconcile()),
              ElementsAre("- particular_missing 0 0 tps_number",
                          "- particular_missing 0 0 tvq_number", "- particular_missing 0 0 buyer",
                          "- particular_missing 0 0 terms"));
  input_.invoice.due_on = core::parse_date("2024-12-05");
  EXPECT_EQ(reconcile().mismatches.size(), 3U);
}

TEST_F(Reconcile, TaxNumbersThatAreNotTheVendors) {
  log("2024-10-02", 60);
  bill_hours(60);
  input_.tps_number = "123456789RT0001";
  EXPECT_THAT(words(reconcile()), IsEmpty());
  input_.tvq_number = "1234567890TQ0002";
  EXPECT_THAT(words(reconcile()), ElementsAre("- number_differs 0 0 tvq_number"));
}

TEST_F(Reconcile, ACreditAtAnotherRate) {
  log("2024-10-02", -60);
  bill_hours(-60, "tei", -12500);
  EXPECT_THAT(words(reconcile()), ElementsAre("1 rate_differs 12500 12000 "));
}

// 20 lines of 1.40 $: 9.975 % is 13.965 cents each.
TEST_F(Reconcile, TaxesByEachPermittedMethod) {
  for (int count = 0; count < 20; ++count) {
    log("2024-10-02", 1);
    bill_hours(1, "tei", 140);
    input_.entries.back().entry.amount = Cents(140);
    input_.entries.back().entry.per_hour = Cents(8400);
  }
  input_.hourly[0].per_hour = Cents(8400);
  auto result = reconcile();
  EXPECT_EQ(result.tax_method, TaxMethod::per_invoice);
  input_.invoice.tvq = Cents(20 * 14);
  result = billing::reconcile(input_);
  EXPECT_EQ(result.tax_method, TaxMethod::per_line);
  EXPECT_THAT(words(result), IsEmpty());
  input_.invoice.tvq = Cents(281);
  result = billing::reconcile(input_);
  EXPECT_EQ(result.tax_method, std::nullopt);
  EXPECT_THAT(words(result), ElementsAre("- taxes_differ 281 280 TVQ"));
}

// 0.10 $: 0.5 and 0.9975 cents, each rounded up: 2; in one step 1.4975 cents: 1.
TEST_F(Reconcile, BothTaxesInOneStep) {
  bill(LineKind::adjustment, 10).description = "x";
  reconcile();
  EXPECT_EQ(input_.invoice.tps + input_.invoice.tvq, Cents(2));
  input_.invoice.tps = Cents(1);
  input_.invoice.tvq = Cents(0);
  EXPECT_EQ(billing::reconcile(input_).tax_method, TaxMethod::one_step);
  input_.invoice.tvq = Cents(3);
  EXPECT_EQ(billing::reconcile(input_).tax_method, std::nullopt);
}

} // namespace
} // namespace intendance::billing
