// SPDX-License-Identifier: AGPL-3.0-or-later
// What stands behind a month's figures outside of the ledger: invoices against what they bill, and
// supporting documents.
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/budget.hpp"
#include "billing/ledger/documents.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// An invoice's part for one fund; amounts before tax unless they say otherwise.
struct CheckedInvoice {
  std::string vendor; // its label
  std::string number;
  Date dated;
  Period period;
  std::int64_t lines = 0;   // that bill hours or costs
  std::int64_t matched = 0; // of these, to entries and charges of just their amount
  Cents before_tax;
  Cents matched_amount; // of the entries and charges that the lines bill
  Cents adjusted;       // lines that nothing else stands for, as a quarter's rounding
  // Of the whole invoice.
  Cents tax;
  Cents expected_tax; // by the rates of its day, on its total
  Cents total;
  Cents paid;
  std::optional<std::string> document;

  Cents difference() const { return before_tax - matched_amount - adjusted; }
  Cents tax_difference() const { return tax - expected_tax; }
  bool agrees() const {
    return lines == matched && difference() == Cents(0) && tax_difference() == Cents(0);
  }
};

struct CheckedInvoices {
  // Those of the month, and earlier ones of the year that do not agree or are not paid; what does
  // not agree comes first.
  std::vector<CheckedInvoice> invoices;
  // Of the year, posted and on no invoice.
  std::int64_t unbilled_entries = 0;
  Minutes unbilled_work;
  Cents unbilled; // before tax
  // Charges à payer, on the fund's basis: what the balance counts as spent and no invoice bills
  // until its day. A charge with a document of its own is proven without one.
  Cents accrued;
};

CheckedInvoices read_checked_invoices(core::Postgres& database, const Balance& balance,
                                      Period month);

struct EvidenceDocument : Document {
  std::string of; // "K-2026-10": the invoice, quote, engagement or cost that it proves
};

// Documents of the month's invoices and charges and of the fund's engagements that are in use.
std::vector<EvidenceDocument> read_evidence(core::Postgres& database, const Balance& balance,
                                            Period month);

} // namespace intendance::billing
