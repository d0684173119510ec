// SPDX-License-Identifier: AGPL-3.0-or-later
// What stands behind a month's figures outside of the ledger: invoices against what they bill, and
// supporting documents.
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/budget.hpp"
#include "billing/ledger/documents.hpp"
#include "billing/ledger/reconciliation.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// A whole invoice, of which a line names the fund.
struct CheckedInvoice {
  std::string vendor; // its label
  Reconciliation reconciliation;

  const Invoice& invoice() const { return reconciliation.invoice; }
  Cents adjusted() const; // lines that nothing else stands for, as a quarter's rounding
  // Something is billed that the ledger does not have so. Work that waits for a later invoice is
  // no such thing.
  bool contested() const;
  // What Revenu Québec wants on it is missing, or is not the vendor's.
  bool incomplete() const;
  bool settled() const;
};

struct CheckedInvoices {
  // Those of the month, and earlier ones of the year that are not settled: that do not agree, whose
  // matches nobody has kept, or that are not paid. What is contested comes first.
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
