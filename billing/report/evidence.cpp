// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/evidence.hpp"

#include "billing/ledger/costs.hpp"
#include "billing/ledger/taxes.hpp"

#include <algorithm>
#include <set>

namespace intendance::billing {
namespace {

using core::Postgres;
using core::PostgresRow;

bool is_of_particulars(const Mismatch& mismatch) {
  return mismatch.kind == MismatchKind::particular_missing ||
         mismatch.kind == MismatchKind::number_differs;
}

bool concerns(const Invoice& invoice, Period month) {
  return (invoice.period.from <= month.to && invoice.period.to >= month.from) ||
         (invoice.dated >= month.from && invoice.dated <= month.to);
}

// On an invoice that counts by the day: its adjustments would too.
constexpr const char* billed_entry =
    "EXISTS (SELECT FROM ledger.active_match m JOIN ledger.invoice i USING (invoice_id) "
    "WHERE m.entry_id = e.entry_id AND i.posted_on <= $3)";

// Charges of the year that no invoice bills by the day and that have no document of their own.
std::vector<Charge> unproven_charges(Postgres& database, const Balance& balance, Period days) {
  std::set<std::pair<std::string, std::string>> open;
  const auto unproven = database.query(
      "SELECT c.cost_id, c.due_on FROM ledger.cost_charges($2::date, $3::date) c "
      "JOIN ledger.cost k ON k.cost_id = c.cost_id WHERE c.fund = $1 AND k.document IS NULL "
      "AND NOT EXISTS (SELECT FROM ledger.active_match m JOIN ledger.invoice i USING (invoice_id) "
      "WHERE m.cost_id = c.cost_id AND m.cost_due = c.due_on AND i.posted_on <= $3)",
      balance.fund.name, core::format_date(days.from), core::format_date(days.to));
  for (const auto& row : unproven) open.emplace(row.text("cost_id"), row.text("due_on"));
  std::vector<Charge> charges;
  for (auto& charge : list_charges(database, days, {balance.fund.name, std::nullopt})) {
    if (open.contains({charge.cost, core::format_date(charge.due_on)})) {
      charges.push_back(std::move(charge));
    }
  }
  return charges;
}

// Taxed by vendor and month, as the balance does.
void read_unbilled(Postgres& database, const Balance& balance, CheckedInvoices& result) {
  const Period days{balance.year.days.from, balance.as_of};
  TaxedTotal accrued;
  const auto months = database.query(
      std::string("SELECT e.vendor, date_trunc('month', e.posted_on)::date AS month, "
                  "count(*) AS entries, sum(e.minutes) AS minutes, sum(e.cents)::bigint AS cents "
                  "FROM ledger.entry e WHERE e.fund = $1 AND e.posted_on BETWEEN $2 AND $3 "
                  "AND NOT ") +
          billed_entry + " GROUP BY 1, 2 ORDER BY 2, 1",
      balance.fund.name, core::format_date(days.from), core::format_date(days.to));
  for (const auto& row : months) {
    const auto month = month_of(core::parse_date(row.text("month")));
    const Cents amount(row.integer("cents"));
    result.unbilled_entries += row.integer("entries");
    result.unbilled_work += Minutes(row.integer("minutes"));
    result.unbilled += amount;
    accrued += tax_invoice(amount, tax_rates(database, days_of(month).to));
  }
  accrued += taxed_charges(database, unproven_charges(database, balance, days));
  result.accrued = accrued.on(balance.basis);
}

} // namespace

Cents CheckedInvoice::adjusted() const {
  Cents sum;
  for (const auto& line : invoice().lines) {
    if (line.kind == LineKind::adjustment) sum += line.amount;
  }
  return sum;
}

bool CheckedInvoice::contested() const {
  return std::any_of(reconciliation.mismatches.begin(), reconciliation.mismatches.end(),
                     [](const Mismatch& mismatch) {
                       return mismatch.kind != MismatchKind::unbilled_entry &&
                              !is_of_particulars(mismatch);
                     });
}

bool CheckedInvoice::incomplete() const {
  return std::any_of(reconciliation.mismatches.begin(), reconciliation.mismatches.end(),
                     is_of_particulars);
}

bool CheckedInvoice::settled() const {
  return reconciliation.agrees() && reconciliation.kept() && invoice().owed() == Cents(0);
}

CheckedInvoices read_checked_invoices(Postgres& database, const Balance& balance, Period month) {
  CheckedInvoices result;
  InvoiceFilter of_the_fund;
  of_the_fund.fund = balance.fund.name;
  for (const auto& invoice : list_invoices(database, of_the_fund)) {
    const Period until_now{balance.year.days.from, month.to};
    if (invoice.period.to < until_now.from || invoice.period.from > until_now.to) continue;
    CheckedInvoice checked{require_vendor(database, invoice.vendor).label_french,
                           read_reconciliation(database, invoice)};
    if (concerns(invoice, month) || !checked.settled())
      result.invoices.push_back(std::move(checked));
  }
  std::stable_partition(result.invoices.begin(), result.invoices.end(),
                        [](const CheckedInvoice& invoice) { return invoice.contested(); });
  read_unbilled(database, balance, result);
  return result;
}

std::vector<EvidenceDocument> read_evidence(Postgres& database, const Balance& balance,
                                            Period month) {
  std::vector<EvidenceDocument> evidence;
  const auto rows = database.query(
      "SELECT encode(d.sha256, 'hex') AS sha256, d.name, d.media_type, d.bytes, subject FROM ("
      "SELECT i.document, i.number::text AS subject FROM ledger.invoice i WHERE i.period_from <= "
      "$3 "
      "AND i.period_to >= $2 AND EXISTS (SELECT FROM ledger.invoice_line l "
      "WHERE l.invoice_id = i.invoice_id AND l.fund = $1) "
      "UNION SELECT c.document, c.description::text FROM ledger.cost c "
      "JOIN ledger.cost_charges($2::date, $3::date) g ON g.cost_id = c.cost_id WHERE c.fund = $1 "
      "UNION SELECT e.document, e.name::text FROM ledger.engagement e "
      "JOIN ledger.engagements($3::date) s ON s.name = e.name "
      "WHERE e.fund = $1 AND (s.left_cents > 0 OR e.posted_on >= $2)) proof "
      "JOIN ledger.document d ON d.sha256 = proof.document ORDER BY subject COLLATE \"C\", "
      "d.sha256",
      balance.fund.name, core::format_date(month.from), core::format_date(balance.as_of));
  for (const auto& row : rows) {
    EvidenceDocument document;
    document.sha256 = row.text("sha256");
    document.name = row.text("name");
    document.media_type = row.text("media_type");
    document.bytes = row.integer("bytes");
    document.of = row.text("subject");
    evidence.push_back(std::move(document));
  }
  return evidence;
}

} // namespace intendance::billing
