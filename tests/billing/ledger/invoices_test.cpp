// SPDX-License-Identifier: AGPL-3.0-or-later
// Invoices, their matches and payments: what the database takes, and each refusal.
#include "billing/ledger/uuid.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::StartsWith;

class Invoices : public LedgerTest {
protected:
  static constexpr const char* bill_ = "00000000-0000-4000-8000-000000000011";
  static constexpr const char* other_ = "00000000-0000-4000-8000-000000000012";

  static std::string invoice(const std::string& id, const std::string& number, std::int64_t total,
                             const std::string& dated = "2024-11-05") {
    return "INSERT INTO ledger.invoice (invoice_id, vendor, number, dated, period_from, period_to, "
           "before_tax_cents, tps_cents, tvq_cents, total_cents) VALUES ('" +
           id + "', 'koumbit', '" + number + "', '" + dated +
           "', '2024-10-01', '2024-10-31', 12000, 600, 1197, " + std::to_string(total) + ")";
  }
  static std::string line(const std::string& id, int number, const std::string& kind,
                          const std::string& minutes, std::int64_t cents,
                          const std::string& description = "travaux") {
    return ";INSERT INTO ledger.invoice_line (invoice_id, line, kind, fund, minutes, cents, "
           "description) VALUES ('" +
           id + "', " + std::to_string(number) + ", '" + kind + "', 'F-1234', " + minutes + ", " +
           std::to_string(cents) + ", '" + description + "')";
  }
  static std::string good(const std::string& id = bill_, const std::string& number = "2024-10") {
    return invoice(id, number, 13797) + line(id, 1, "hours", "50", 10000) +
           line(id, 2, "adjustment", "NULL", 2000);
  }
  std::string match(const std::string& entry, int number = 1, const std::string& id = bill_) {
    return "INSERT INTO ledger.match (invoice_id, line, entry_id) VALUES ('" + id + "', " +
           std::to_string(number) + ", '" + entry + "')";
  }
  static std::string pay(std::int64_t cents) {
    return std::string("INSERT INTO ledger.payment (payment_id, invoice_id, paid_on, cents) VALUES "
                       "(gen_random_uuid(), '") +
           bill_ + "', '2024-11-20', " + std::to_string(cents) + ")";
  }
  static std::string cancel(const std::string& id = bill_) {
    return "INSERT INTO ledger.invoice_void VALUES ('" + id + "', 'typed wrong')";
  }
};

TEST_F(Invoices, AddUp) {
  EXPECT_EQ(answer(good()), "accepted");
  EXPECT_EQ(
      answer(invoice(bill_, "1", 13798)),
      "ID009 the invoice 1 of koumbit does not add up: 12000 cents before tax, 600 of TPS and "
      "1197 of TVQ are not 13798 cents");
  EXPECT_EQ(
      answer(invoice(bill_, "1", 13797) + line(bill_, 1, "hours", "60", 11999)),
      "ID009 the lines of the invoice 1 of koumbit come to 11999 cents, its amount before tax "
      "is 12000");
  EXPECT_THAT(answer(invoice(bill_, "1", 13797)), StartsWith("ID009 the lines of the invoice 1"));
  EXPECT_THAT(answer(invoice(bill_, "1", 13797) + line(bill_, 1, "hours", "NULL", 12000)),
              StartsWith("23514"));
  EXPECT_THAT(answer(invoice(bill_, "1", 13797) + line(bill_, 1, "adjustment", "NULL", 12000, "")),
              StartsWith("23514")); // an adjustment says why
  EXPECT_EQ(answer(invoice(bill_, "1", 13797, "2199-01-01")), "ID006 2199-01-01 is in the future");
}

TEST_F(Invoices, AreCompleteAndUniqueOfTheirVendor) {
  record(good());
  EXPECT_EQ(answer(line(bill_, 3, "adjustment", "NULL", 0)),
            "ID009 the invoice is complete; void it and record it again with this line");
  EXPECT_EQ(answer(good(other_)), "ID009 the invoice 2024-10 of koumbit has already been recorded; "
                                  "void that one first if it was a mistake");
  record(cancel());
  EXPECT_EQ(answer(good(other_)), "accepted");
  EXPECT_THAT(answer(cancel()), StartsWith("23505"));
}

TEST_F(Invoices, BillAnEntryOnce) {
  const auto entry = add("2024-10-20", 50);
  record(good() + ";" + good(other_, "2024-10-b") + ";" + match(entry.id));
  EXPECT_EQ(answer(match(entry.id)), "ID009 entry 0001 is already matched to a line of an invoice");
  EXPECT_EQ(answer(match(entry.id, 1, other_)),
            "ID009 entry 0001 is already matched to a line of an invoice");
  EXPECT_EQ(answer("INSERT INTO ledger.match_undo SELECT match_id, 'x' FROM ledger.match;" +
                   match(entry.id, 1, other_)),
            "accepted");
  EXPECT_EQ(answer(cancel() + ";" + match(entry.id, 1, other_)), "accepted");
  EXPECT_EQ(answer(cancel() + ";" + match(entry.id)), "ID009 the invoice was voided");
  EXPECT_EQ(answer(match(entry.id, 9)), "ID009 the invoice has no line 9");
}

TEST_F(Invoices, AreMatchedToWhatTheyBill) {
  const auto entry = add("2024-10-20", 50);
  record("INSERT INTO ledger.fund (name, calendar) VALUES ('F-2', 'grant');" + good());
  EXPECT_EQ(answer(match(entry.id, 2)), "ID009 entry 0001 is of F-1234 with koumbit; line 2 of the "
                                        "invoice is of F-1234 with koumbit, for adjustment");
  auto elsewhere = work("2024-10-20", 10);
  elsewhere.fund = "F-2";
  EXPECT_THAT(answer(match(add(elsewhere).id)), StartsWith("ID009 entry 0002 is of F-2"));
  EXPECT_THAT(answer(match(new_uuid())), StartsWith("ID009 there is no entry"));
}

TEST_F(Invoices, HandleReversals) {
  const auto early = add("2024-10-20", 50);
  const auto early_back = reverse_entry(database_, early.number, "twice", new_uuid()).entry;
  const auto late = add("2024-10-21", 50);
  record(good());
  EXPECT_EQ(answer(match(early.id)), "ID009 entry 0001 was reversed and is billed by nobody");
  EXPECT_EQ(answer(match(early_back.id)),
            "ID009 entry 0002 takes back one that no invoice bills; neither is matched");
  record(match(late.id));
  const auto late_back = reverse_entry(database_, late.number, "not done", new_uuid()).entry;
  EXPECT_EQ(answer(match(late_back.id)), "accepted"); // the vendor's credit
}

TEST_F(Invoices, BillCostsToo) {
  const std::string cost = "00000000-0000-4000-8000-000000000021";
  record("INSERT INTO ledger.cost (cost_id, kind, service, fund, vendor, category, description, "
         "cents, "
         "taxation, first_on, period_months) VALUES ('" +
         cost +
         "', 'recurring', 'tei', 'F-1234', 'koumbit', 'hosting', 'domain', 12000, 'taxable', "
         "'2024-10-01', 12);" +
         invoice(bill_, "2024-10", 13797) + line(bill_, 1, "cost", "NULL", 12000));
  const auto match_cost = [&](const std::string& due) {
    return std::string("INSERT INTO ledger.match (invoice_id, line, cost_id, cost_due) VALUES ('") +
           bill_ + "', 1, '" + cost + "', '" + due + "')";
  };
  EXPECT_EQ(answer(match_cost("2024-10-02")),
            "ID009 nothing of the cost " + cost + " was due on 2024-10-02");
  EXPECT_EQ(answer(match_cost("2024-10-01") + ";" + match_cost("2024-10-01")),
            "ID009 what was due on 2024-10-01 of the cost " + cost +
                " is already matched to a line of an invoice");
  EXPECT_EQ(answer(match_cost("2025-10-01")), "accepted"); // paid ahead
}

TEST_F(Invoices, ArePaidInPartsAndNeverTwice) {
  record(good() + ";" + pay(10'000));
  EXPECT_EQ(
      answer(pay(3'798)),
      "ID009 the invoice 2024-10 of koumbit is over 13797 cents; with this, 13798 would be paid");
  EXPECT_EQ(answer(pay(3'797)), "accepted");
  EXPECT_THAT(answer(pay(-1)), StartsWith("ID009"));
  EXPECT_EQ(answer(cancel()),
            "ID009 an invoice that was paid cannot be voided; reverse its payment first");
  const std::string back =
      "INSERT INTO ledger.payment (payment_id, paid_on, reverses) SELECT "
      "gen_random_uuid(), '2024-11-21', payment_id FROM ledger.payment WHERE cents > 0";
  EXPECT_EQ(answer(back + ";" + cancel()), "accepted");
  EXPECT_THAT(answer(back + ";" + back), StartsWith("ID002 there is no payment"));
}

TEST_F(Invoices, WithAnAdjustmentInAClosedMonthStay) {
  record(good());
  add("2024-10-20", 50);
  close_month("2024-10");
  EXPECT_THAT(answer(cancel()),
              StartsWith("ID003 an invoice whose adjustment counts in a closed month"));
  record(good(other_, "late"));
  EXPECT_EQ(count("ledger.invoice WHERE posted_on = '2024-11-01'"), 1);
}

} // namespace
} // namespace intendance::billing
