// SPDX-License-Identifier: AGPL-3.0-or-later
// What is kept of an invoice's reconciliation.
#include "billing/ledger/costs.hpp"
#include "billing/ledger/reconciliation.hpp"
#include "billing/ledger/uuid.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ReconciliationTest : public LedgerTest {
protected:
  Invoice bill(const std::string& number, const std::vector<std::int64_t>& minutes) {
    NewInvoice invoice;
    invoice.id = new_uuid();
    invoice.vendor = "koumbit";
    invoice.number = number;
    invoice.dated = core::parse_date("2024-11-05");
    invoice.period = {core::parse_date("2024-10-01"), core::parse_date("2024-10-31")};
    invoice.buyer = "UdeM";
    invoice.terms = "30 jours";
    for (const auto work : minutes) {
      InvoiceLine line;
      line.number = static_cast<int>(invoice.lines.size()) + 1;
      line.fund = "F-1234";
      line.service = "expositions";
      line.work = Minutes(work);
      line.amount = Cents(work * 200);
      invoice.lines.push_back(line);
    }
    add_invoice(database_, invoice);
    return require_invoice(database_, "koumbit", number);
  }
  static std::vector<std::int64_t> numbers(const std::vector<Entry>& entries) {
    std::vector<std::int64_t> numbers;
    for (const auto& entry : entries) numbers.push_back(entry.number);
    return numbers;
  }
};

TEST_F(ReconciliationTest, IsKeptAndHolds) {
  add("2024-10-02", 60);
  add("2024-10-03", 60);
  const auto invoice = bill("1", {60});
  const auto first = read_reconciliation(database_, invoice);
  EXPECT_THAT(first.lines[0].entries, ElementsAre(1));
  EXPECT_EQ(keep_matches(database_, first), 1U);
  EXPECT_EQ(keep_matches(database_, first), 0U);
  // Another invoice of the same days has only what is left.
  EXPECT_THAT(read_reconciliation(database_, bill("2", {60})).lines[0].entries, ElementsAre(2));
  EXPECT_EQ(undo_matches(database_, invoice, std::nullopt, "x"), 1U);
  match_entries(database_, invoice, 1, {2});
  EXPECT_THAT(read_reconciliation(database_, invoice).lines[0].entries, ElementsAre(2));
  EXPECT_THROW(match_entries(database_, invoice, 1, {2, 99}), core::Error);
  EXPECT_THROW(undo_matches(database_, invoice, 2, "x"), core::Error);
  EXPECT_TRUE(ledger_faults(database_).empty());
}

TEST_F(ReconciliationTest, OfWorkThatDiffersIsNotKept) {
  add("2024-10-02", 60);
  const auto reconciliation = read_reconciliation(database_, bill("1", {90}));
  EXPECT_EQ(reconciliation.lines[0].state, LineState::differs);
  EXPECT_EQ(keep_matches(database_, reconciliation), 0U);
}

TEST_F(ReconciliationTest, LeavesOutWhatWasTakenBackBeforeItWasBilled) {
  add("2024-10-02", 60);
  reverse_entry(database_, 1, "twice", new_uuid());
  add("2024-10-02", 45);
  EXPECT_THAT(read_reconciliation(database_, bill("1", {45})).mismatches.size(),
              2U); // the taxes, which it leaves out
  // What is taken back afterwards is the vendor's credit to give.
  const auto invoice = require_invoice(database_, "koumbit", "1");
  keep_matches(database_, read_reconciliation(database_, invoice));
  reverse_entry(database_, 3, "not done", new_uuid());
  const auto later = read_reconciliation(database_, invoice);
  EXPECT_EQ(later.lines[0].state, LineState::matched);
  EXPECT_THAT(numbers(later.unbilled), ElementsAre(4));
  const auto credit = read_reconciliation(database_, bill("2", {-45}));
  EXPECT_THAT(credit.lines[0].entries, ElementsAre(4));
  EXPECT_EQ(keep_matches(database_, credit), 1U);
}

TEST_F(ReconciliationTest, OfCostsIsKeptToo) {
  NewCost cost;
  cost.id = new_uuid();
  cost.service = "tei";
  cost.fund = "F-1234";
  cost.vendor = "koumbit";
  cost.description = "domaine";
  cost.amount = Cents(2500);
  cost.first_on = core::parse_date("2024-10-05");
  add_cost(database_, cost);
  NewInvoice invoice;
  invoice.id = new_uuid();
  invoice.vendor = "koumbit";
  invoice.number = "c";
  invoice.dated = core::parse_date("2024-11-05");
  invoice.period = {core::parse_date("2024-10-01"), core::parse_date("2024-10-31")};
  InvoiceLine line;
  line.number = 1;
  line.kind = LineKind::cost;
  line.fund = "F-1234";
  line.service = "tei";
  line.amount = Cents(2500);
  invoice.lines = {line};
  add_invoice(database_, invoice);
  const auto reconciliation =
      read_reconciliation(database_, require_invoice(database_, "koumbit", "c"));
  EXPECT_EQ(reconciliation.lines[0].cost, cost.id);
  EXPECT_EQ(keep_matches(database_, reconciliation), 1U);
  EXPECT_EQ(keep_matches(database_, reconciliation), 0U);
}

TEST_F(ReconciliationTest, NeedsNoMoreThanTheRoleOfFinances) {
  add("2024-10-02", 60);
  record("SET ROLE intendance_finances");
  const auto invoice = bill("1", {60});
  EXPECT_EQ(keep_matches(database_, read_reconciliation(database_, invoice)), 1U);
  EXPECT_TRUE(add_payment(
      database_, {new_uuid(), invoice.id, core::parse_date("2024-11-20"), Cents(100), ""}));
  record("SET ROLE intendance_saisie");
  EXPECT_THROW(bill("2", {60}), core::AccessDenied);
  EXPECT_EQ(read_reconciliation(database_, invoice).lines_matched(), 1U);
}

} // namespace
} // namespace intendance::billing
