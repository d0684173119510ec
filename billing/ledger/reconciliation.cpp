// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/reconciliation.hpp"

#include "billing/ledger/grants.hpp"
#include "billing/ledger/taxes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;

// Work is billed within a year of its day, or is looked for by hand.
constexpr std::chrono::days longest_delay{366};

// Neither on another invoice nor taken back before it was billed; a reversal only where what it
// takes back was billed.
constexpr const char* open_entries =
    "NOT EXISTS (SELECT FROM ledger.active_match m WHERE m.entry_id = e.entry_id "
    "            AND m.invoice_id IS DISTINCT FROM $1::uuid) "
    "AND (NOT EXISTS (SELECT FROM ledger.entry r WHERE r.reverses = e.entry_id) "
    "     OR EXISTS (SELECT FROM ledger.active_match m WHERE m.entry_id = e.entry_id)) "
    "AND (e.reverses IS NULL "
    "     OR EXISTS (SELECT FROM ledger.active_match m WHERE m.entry_id = e.reverses)) ";

std::string array_of(const std::set<std::string>& texts) {
  std::string array = "{";
  for (const auto& text : texts) array += (array.size() == 1 ? "" : ",") + text; // names: no quotes
  return array + "}";
}

std::vector<Billable> billable_entries(Postgres& database, const Invoice& invoice,
                                       const std::set<std::string>& funds) {
  const Date earliest(std::chrono::sys_days(invoice.period.from) - longest_delay);
  const auto rows = database.query(
      std::string("SELECT e.number, (SELECT m.line FROM ledger.active_match m "
                  "WHERE m.entry_id = e.entry_id AND m.invoice_id = $1::uuid) AS line "
                  "FROM ledger.entry e WHERE e.vendor = $2 AND e.fund = ANY($3::text[]) "
                  "AND (e.worked_on BETWEEN $4 AND $5 OR EXISTS (SELECT FROM ledger.active_match m "
                  "     WHERE m.entry_id = e.entry_id AND m.invoice_id = $1::uuid)) AND ") +
          open_entries,
      invoice.id, invoice.vendor, array_of(funds), core::format_date(earliest),
      core::format_date(invoice.period.to));
  std::map<std::int64_t, std::optional<int>> lines;
  EntryFilter filter;
  filter.numbers.emplace();
  for (const auto& row : rows) {
    const auto line = row.optional_integer("line");
    lines[row.integer("number")] = line ? std::optional(static_cast<int>(*line)) : std::nullopt;
    filter.numbers->push_back(row.integer("number"));
  }
  std::vector<Billable> billable;
  for (auto& entry : list_entries(database, filter)) {
    const auto number = entry.number;
    billable.push_back({std::move(entry), lines.at(number)});
  }
  std::stable_sort(billable.begin(), billable.end(),
                   [](const Billable& left, const Billable& right) {
                     return left.entry.worked_on < right.entry.worked_on;
                   });
  return billable;
}

std::vector<BillableCharge> billable_charges(Postgres& database, const Invoice& invoice,
                                             const std::set<std::string>& funds) {
  const Date earliest(std::chrono::sys_days(invoice.period.from) - longest_delay);
  std::vector<BillableCharge> charges;
  const auto rows = database.query(
      "SELECT c.cost_id, c.due_on, c.fund, c.service, c.cents, c.taxation, c.description, m.line "
      "FROM ledger.cost_charges($4::date, greatest($5::date, ledger.first_open_day())) c "
      "LEFT JOIN ledger.active_match m ON m.cost_id = c.cost_id AND m.cost_due = c.due_on "
      "WHERE c.vendor = $2 AND c.fund = ANY($3::text[]) AND c.reverses IS NULL "
      "AND (m.match_id IS NULL OR m.invoice_id = $1::uuid) "
      "AND NOT EXISTS (SELECT FROM ledger.cost r WHERE r.reverses = c.cost_id AND r.reverses_due = "
      "c.due_on) "
      "ORDER BY c.due_on DESC, c.cost_id",
      invoice.id, invoice.vendor, array_of(funds), core::format_date(earliest),
      core::format_date(invoice.period.to));
  for (const auto& row : rows) {
    BillableCharge charge;
    charge.cost = row.text("cost_id");
    charge.due_on = core::parse_date(row.text("due_on"));
    charge.fund = row.text("fund");
    charge.service = row.text("service");
    charge.amount = Cents(row.integer("cents"));
    charge.untaxed = row.text("taxation") == "untaxed";
    charge.description = row.text("description");
    if (const auto line = row.optional_integer("line")) charge.line = static_cast<int>(*line);
    charges.push_back(std::move(charge));
  }
  return charges;
}

const LineResult* result_of(const Reconciliation& reconciliation, int line) {
  for (const auto& result : reconciliation.lines) {
    if (result.line == line) return &result;
  }
  return nullptr;
}

bool work_agrees(const Reconciliation& reconciliation, const InvoiceLine& line) {
  return std::none_of(reconciliation.mismatches.begin(), reconciliation.mismatches.end(),
                      [&](const Mismatch& mismatch) {
                        return mismatch.line == line.number &&
                               (mismatch.kind == MismatchKind::minutes_differ ||
                                mismatch.kind == MismatchKind::never_logged);
                      });
}

std::size_t keep_entry(Postgres& database, const std::string& invoice, int line,
                       std::int64_t entry) {
  return static_cast<std::size_t>(
      database
          .query("INSERT INTO ledger.match (invoice_id, line, entry_id) "
                 "SELECT $1::uuid, $2::integer, e.entry_id FROM ledger.entry e WHERE e.number = $3 "
                 "AND "
                 "NOT EXISTS "
                 "(SELECT FROM ledger.active_match m WHERE m.entry_id = e.entry_id AND "
                 "m.invoice_id = $1::uuid "
                 "AND m.line = $2::integer)",
                 invoice, line, entry)
          .affected());
}

std::size_t keep_charge(Postgres& database, const std::string& invoice, const LineResult& line) {
  return static_cast<std::size_t>(
      database
          .query("INSERT INTO ledger.match (invoice_id, line, cost_id, cost_due) "
                 "SELECT $1::uuid, $2::integer, $3::uuid, $4::date WHERE NOT EXISTS "
                 "(SELECT FROM ledger.active_match m WHERE m.cost_id = $3::uuid AND m.cost_due = "
                 "$4::date "
                 "AND m.invoice_id = $1::uuid AND m.line = $2::integer)",
                 invoice, line.line, *line.cost, core::format_date(*line.cost_due))
          .affected());
}

void require_line(const Invoice& invoice, int number) {
  const bool there = std::any_of(invoice.lines.begin(), invoice.lines.end(),
                                 [&](const InvoiceLine& line) { return line.number == number; });
  if (!there) {
    throw Error(fmt::format("the invoice {} has no line {}; its lines are 1 to {}", invoice.number,
                            number, invoice.lines.size()));
  }
}

} // namespace

Reconciliation read_reconciliation(Postgres& database, const Invoice& invoice) {
  ReconciliationInput input;
  input.invoice = invoice;
  std::set<std::string> funds;
  for (const auto& line : invoice.lines) funds.insert(line.fund);
  input.entries = billable_entries(database, invoice, funds);
  input.charges = billable_charges(database, invoice, funds);
  input.tax_rates = tax_rates(database, invoice.dated);
  for (const auto& rate : list_rates(database)) {
    if (rate.vendor == invoice.vendor) input.hourly.push_back(rate);
  }
  for (const auto& number : list_tax_numbers(database)) { // of each tax, the newest last
    if (number.vendor != invoice.vendor || number.since > invoice.dated) continue;
    if (number.tax == "TPS") input.tps_number = number.number;
    if (number.tax == "TVQ") input.tvq_number = number.number;
  }
  return reconcile(input);
}

std::size_t keep_matches(Postgres& database, const Reconciliation& reconciliation) {
  const auto& invoice = reconciliation.invoice;
  std::size_t kept = 0;
  core::Transaction transaction(database);
  for (const auto& line : invoice.lines) {
    const auto* result = result_of(reconciliation, line.number);
    if (result == nullptr || !work_agrees(reconciliation, line)) continue;
    for (const auto entry : result->entries)
      kept += keep_entry(database, invoice.id, line.number, entry);
    if (result->cost) kept += keep_charge(database, invoice.id, *result);
  }
  transaction.commit();
  return kept;
}

void match_entries(Postgres& database, const Invoice& invoice, int line,
                   const std::vector<std::int64_t>& entries) {
  require_line(invoice, line);
  core::Transaction transaction(database);
  for (const auto entry : entries) {
    const auto found = database.query("SELECT FROM ledger.entry WHERE number = $1", entry);
    if (found.empty()) throw Error("there is no entry " + entry_number(entry));
    keep_entry(database, invoice.id, line, entry);
  }
  transaction.commit();
}

std::size_t undo_matches(Postgres& database, const Invoice& invoice, std::optional<int> line,
                         const std::string& reason) {
  if (reason.empty()) throw Error("say why the matches are undone");
  if (line) require_line(invoice, *line);
  return static_cast<std::size_t>(
      database
          .query("INSERT INTO ledger.match_undo (match_id, reason) SELECT match_id, $3::text FROM "
                 "ledger.active_match "
                 "WHERE invoice_id = $1::uuid AND ($2::integer IS NULL OR line = $2)",
                 invoice.id, line ? core::PostgresParameter(std::to_string(*line)) : std::nullopt,
                 reason)
          .affected());
}

} // namespace intendance::billing
