// SPDX-License-Identifier: AGPL-3.0-or-later
// What of an invoice agrees with what was recorded, and what does not. A difference is either
// explained by a permitted method of rounding, by name, or it stands: there is no tolerance.
#pragma once

#include "billing/ledger/entries.hpp"
#include "billing/ledger/invoices.hpp"
#include "billing/ledger/rates.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

// Revenu Québec permits all three: each tax on the invoice's total; on each line; or both taxes in
// one step of 14.975 %.
enum class TaxMethod { per_invoice, per_line, one_step };
std::string_view method_name(TaxMethod method); // "per_invoice"

// How a line's amount comes from its minutes: the price of the whole line, or the sum of entries
// that were each rounded to the cent. Where both agree it is `exact`.
enum class AmountMethod { exact, whole_line, each_entry };
std::string_view method_name(AmountMethod method);

enum class LineState {
  matched,   // to entries or to a charge, which agree
  differs,   // something was recorded, but not so much or not at that price
  unmatched, // nothing was recorded
  explained, // an adjustment that rounds a quarter's hours up
};
std::string_view state_name(LineState state);

struct LineResult {
  int line = 0;
  LineState state = LineState::unmatched;
  std::vector<std::int64_t> entries; // numbers of those that it bills
  std::optional<std::string> cost;   // the id of the cost that it bills
  std::optional<Date> cost_due;
  std::optional<AmountMethod> amount_method; // absent: none explains the amount
  // Of a quarter rounded up to a whole hour: how much work was added.
  std::optional<Minutes> rounded_up;
  bool kept = false; // the ledger has these matches already; of an adjustment, true
};

enum class MismatchKind {
  unbilled_entry, // logged in the invoice's period, on no invoice
  never_logged,   // billed, and recorded by nobody
  minutes_differ,
  rate_differs,   // cents an hour
  amount_differs, // the minutes and the rate agree, the product does not; or a cost's amount
  taxes_differ,   // no permitted method gives them; `subject` is the tax
  unexplained_adjustment, // no rule is known that gives it
  particular_missing,     // `subject` says which
  number_differs,         // a tax number that is not the vendor's of that day; `subject` says which
};
std::string_view kind_name(MismatchKind kind); // "unbilled_entry"

struct Mismatch {
  MismatchKind kind = MismatchKind::never_logged;
  std::optional<int> line;
  std::optional<std::int64_t> entry; // its number
  // Minutes or cents, as the kind says. Taxes: the nearest permitted amount stands in `recorded`.
  std::int64_t billed = 0;
  std::int64_t recorded = 0;
  std::string subject;
};

// What each method makes of the invoice's lines.
struct TaxTrial {
  TaxMethod method = TaxMethod::per_invoice;
  Cents tps;
  Cents tvq;
  bool agrees = false;
};

struct Reconciliation {
  Invoice invoice;
  std::vector<LineResult> lines;       // by number
  std::vector<Mismatch> mismatches;    // lines first, then entries, taxes and particulars
  std::vector<Entry> unbilled;         // those that the mismatches name
  std::vector<TaxTrial> taxes;         // in the order of the methods
  std::optional<TaxMethod> tax_method; // the first that agrees

  bool agrees() const { return mismatches.empty(); }
  bool kept() const;                 // nothing is only proposed
  std::size_t lines_matched() const; // matched or explained
  Cents difference() const;          // billed less recorded, before tax
  Cents tax_difference() const;      // billed less the nearest permitted
  Cents recorded; // before tax: what its lines are matched to, adjustments as billed
};

// An entry that the invoice may bill: nobody else's, and not taken back.
struct Billable {
  Entry entry;
  std::optional<int> line; // of this invoice, to which it is matched already
};
// A charge of a cost, likewise.
struct BillableCharge {
  std::string cost;
  Date due_on;
  std::string fund;
  std::string service;
  Cents amount;
  bool untaxed = false; // by TPS and TVQ
  std::string description;
  std::optional<int> line;
};

struct ReconciliationInput {
  Invoice invoice;
  std::vector<Billable> entries; // by day, then number; until the period's last day
  std::vector<BillableCharge> charges;
  std::vector<TaxRate> tax_rates; // of the invoice's date
  std::vector<Rate> hourly;       // of the vendor
  // Its tax numbers on the invoice's date, as the ledger knows them.
  std::optional<std::string> tps_number = std::nullopt;
  std::optional<std::string> tvq_number = std::nullopt;
};

// The same input gives the same answer; nothing is read or kept.
Reconciliation reconcile(const ReconciliationInput& input);

// As the ledger stands: stored matches hold, the others are proposed.
Reconciliation read_reconciliation(core::Postgres& database, const Invoice& invoice);

// Keeps the matches of lines whose work agrees, whatever their price; returns how many were new.
std::size_t keep_matches(core::Postgres& database, const Reconciliation& reconciliation);

// By hand, where nothing matched by itself.
void match_entries(core::Postgres& database, const Invoice& invoice, int line,
                   const std::vector<std::int64_t>& entries);
// Undoes the matches of a line, or of the whole invoice; returns how many there were.
std::size_t undo_matches(core::Postgres& database, const Invoice& invoice, std::optional<int> line,
                         const std::string& reason);

} // namespace intendance::billing
