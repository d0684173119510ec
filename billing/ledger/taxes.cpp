// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/taxes.hpp"

namespace intendance::billing {

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
  TaxedTotal total;
  for (const auto& month : posted_months(database, fund, posted)) total += month.total;
  return total;
}

std::vector<PostedMonth> posted_months(core::Postgres& database, const std::string& fund,
                                       Period posted) {
  const auto rows = database.query(
      "SELECT vendor, date_trunc('month', posted_on)::date AS month, sum(cents)::bigint AS cents "
      "FROM ledger.entry WHERE fund = $1 AND posted_on BETWEEN $2 AND $3 "
      "GROUP BY 1, 2 ORDER BY 2, 1",
      fund, core::format_date(posted.from), core::format_date(posted.to));
  std::vector<PostedMonth> months;
  for (const auto& row : rows) {
    const auto month = month_of(core::parse_date(row.text("month")));
    if (months.empty() || months.back().month != month) months.push_back({month, {}});
    months.back().total +=
        tax_invoice(Cents(row.integer("cents")), tax_rates(database, days_of(month).to));
  }
  return months;
}

} // namespace intendance::billing
