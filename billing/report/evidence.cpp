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

// Of each line of an invoice that holds, what its matches come to: $1 is the fund.
const std::string lines_with_matches =
    "SELECT l.invoice_id, l.kind, l.cents, "
    "coalesce((SELECT sum(e.cents) FROM ledger.active_match m "
    "JOIN ledger.entry e ON e.entry_id = m.entry_id "
    "WHERE m.invoice_id = l.invoice_id AND m.line = l.line), 0) + "
    "coalesce((SELECT sum(c.cents) FROM ledger.active_match m "
    "JOIN ledger.cost c ON c.cost_id = m.cost_id "
    "WHERE m.invoice_id = l.invoice_id AND m.line = l.line), 0) AS matched "
    "FROM ledger.invoice_line l WHERE l.fund = $1 AND NOT EXISTS "
    "(SELECT FROM ledger.invoice_void v WHERE v.invoice_id = l.invoice_id)";

CheckedInvoice read_invoice(Postgres& database, const PostgresRow& row) {
  CheckedInvoice invoice;
  invoice.vendor = row.text("vendor_label");
  invoice.number = row.text("number");
  invoice.dated = core::parse_date(row.text("dated"));
  invoice.period = {core::parse_date(row.text("period_from")),
                    core::parse_date(row.text("period_to"))};
  invoice.lines = row.integer("lines");
  invoice.matched = row.integer("matched_lines");
  invoice.before_tax = Cents(row.integer("cents"));
  invoice.matched_amount = Cents(row.integer("matched_cents"));
  invoice.adjusted = Cents(row.integer("adjusted_cents"));
  invoice.tax = Cents(row.integer("tax_cents"));
  invoice.expected_tax =
      tax_invoice(Cents(row.integer("before_tax_cents")), tax_rates(database, invoice.dated)).tax();
  invoice.total = Cents(row.integer("total_cents"));
  invoice.paid = Cents(row.integer("paid"));
  invoice.document = row.optional_text("proof");
  return invoice;
}

bool concerns(const CheckedInvoice& invoice, Period month) {
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

CheckedInvoices read_checked_invoices(Postgres& database, const Balance& balance, Period month) {
  CheckedInvoices result;
  const auto rows = database.query(
      "SELECT i.*, v.label AS vendor_label, encode(i.document, 'hex') AS proof, "
      "i.tps_cents + i.tvq_cents AS tax_cents, l.*, "
      "coalesce((SELECT sum(p.cents) FROM ledger.payment p WHERE p.invoice_id = i.invoice_id), 0) "
      "AS paid FROM (SELECT invoice_id, sum(cents)::bigint AS cents, "
      "count(*) FILTER (WHERE kind <> 'adjustment') AS lines, "
      "count(*) FILTER (WHERE kind <> 'adjustment' AND cents = matched) AS matched_lines, "
      "sum(matched)::bigint AS matched_cents, "
      "coalesce(sum(cents) FILTER (WHERE kind = 'adjustment'), 0)::bigint AS adjusted_cents "
      "FROM (" +
          lines_with_matches +
          ") each GROUP BY 1) l JOIN ledger.invoice i USING (invoice_id) "
          "JOIN ledger.vendor v ON v.name = i.vendor "
          "WHERE i.period_to >= $2 AND i.period_from <= $3 ORDER BY i.dated, i.vendor, i.number",
      balance.fund.name, core::format_date(balance.year.days.from), core::format_date(month.to));
  for (const auto& row : rows) {
    auto invoice = read_invoice(database, row);
    const bool settled = invoice.agrees() && invoice.paid == invoice.total;
    if (concerns(invoice, month) || !settled) result.invoices.push_back(std::move(invoice));
  }
  std::stable_partition(result.invoices.begin(), result.invoices.end(),
                        [](const CheckedInvoice& invoice) { return !invoice.agrees(); });
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
