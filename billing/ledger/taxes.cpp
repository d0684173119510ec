// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/taxes.hpp"

namespace intendance::billing {
namespace {

// Rows of a vendor's month each, taxed as one invoice of the month's last day.
TaxedTotal taxed_months(core::Postgres& database, const core::PostgresResult& months) {
  TaxedTotal total;
  for (const auto& row : months) {
    const auto month = month_of(core::parse_date(row.text("month")));
    total += tax_invoice(Cents(row.integer("cents")), tax_rates(database, days_of(month).to));
  }
  return total;
}

} // namespace

std::vector<TaxRate> tax_rates(core::Postgres& database, Date day) {
  std::vector<TaxRate> rates;
  const auto rows = database.query(
      "SELECT t.tax, t.parts_per_100000 AS parts, coalesce(r.parts_per_100000, 0) AS rebate_parts "
      "FROM ledger.tax_rule t "
      "LEFT JOIN ledger.rebate r ON r.tax = t.tax AND r.valid @> $1::date "
      "WHERE t.valid @> $1::date ORDER BY t.tax",
      core::format_date(day));
  for (const auto& row : rows) {
    rates.push_back({row.text("tax"), row.integer("parts"), row.integer("rebate_parts")});
  }
  return rates;
}

TaxedTotal taxed_postings(core::Postgres& database, const std::string& fund, Period posted) {
  return taxed_months(
      database, database.query(
                    "SELECT vendor, date_trunc('month', posted_on)::date AS month, "
                    "sum(cents)::bigint AS cents FROM ("
                    "SELECT vendor, posted_on, cents FROM ledger.entry WHERE fund = $1 "
                    "UNION ALL "
                    "SELECT i.vendor, i.posted_on, l.cents FROM ledger.invoice_line l "
                    "JOIN ledger.invoice i USING (invoice_id) WHERE l.fund = $1 "
                    "AND l.kind = 'adjustment' AND NOT EXISTS "
                    "(SELECT FROM ledger.invoice_void v WHERE v.invoice_id = i.invoice_id)) billed "
                    "WHERE posted_on BETWEEN $2 AND $3 GROUP BY 1, 2 ORDER BY 2, 1",
                    fund, core::format_date(posted.from), core::format_date(posted.to)));
}

TaxedTotal taxed_service(core::Postgres& database, const std::string& service, Period posted) {
  return taxed_months(
      database,
      database.query("SELECT vendor, date_trunc('month', posted_on)::date AS month, "
                     "sum(cents)::bigint AS cents FROM ledger.entry "
                     "WHERE service = $1 AND posted_on BETWEEN $2 AND $3 "
                     "GROUP BY 1, 2 ORDER BY 2, 1",
                     service, core::format_date(posted.from), core::format_date(posted.to)));
}

} // namespace intendance::billing
