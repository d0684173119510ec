// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/budget.hpp"

#include "billing/ledger/taxes.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;

constexpr Cents most_budget{100'000'000'000}; // as in the schema

Basis basis_of(Postgres& database, const std::string& fund, Date day) {
  const auto rows =
      database.query("SELECT basis FROM ledger.budget_basis WHERE fund = $1 AND valid @> $2::date",
                     fund, core::format_date(day));
  return rows.empty() ? Basis::net : parse_basis(rows.only().text("basis"));
}

void read_budget(Postgres& database, Balance& balance) {
  const auto rows =
      database.query("SELECT version, sum(cents)::bigint AS cents FROM ledger.budget_line "
                     "WHERE fund = $1 AND year = $2 GROUP BY version ORDER BY version DESC LIMIT 1",
                     balance.fund.name, balance.year.year);
  if (rows.empty()) return;
  balance.budget = Cents(rows.only().integer("cents"));
  balance.version = rows.only().integer("version");
}

} // namespace

std::int64_t set_budget(Postgres& database, const NewBudget& budget) {
  if (budget.year < 2000 || budget.year > 2200) {
    throw Error(fmt::format("{} is not a fiscal year; name it by the calendar year in which it "
                            "starts, as in 2026",
                            budget.year));
  }
  if (budget.amount > most_budget) {
    throw Error("a budget of " + format_decimal(budget.amount) +
                " dollars is refused; allowed: " + "up to " + format_decimal(most_budget));
  }
  core::Transaction transaction(database);
  const auto version =
      database
          .query("INSERT INTO ledger.budget_version (fund, year, version, reason) "
                 "SELECT $1::text, $2::integer, coalesce(max(version), 0) + 1, $3::text "
                 "FROM ledger.budget_version WHERE fund = $1::text AND year = $2::integer "
                 "RETURNING version",
                 budget.fund, budget.year, budget.reason)
          .only()
          .integer("version");
  database.query("INSERT INTO ledger.budget_line (fund, year, version, line, cents) "
                 "VALUES ($1, $2, $3, 'services', $4)",
                 budget.fund, budget.year, version, budget.amount.count());
  transaction.commit();
  return version;
}

std::optional<Cents> Balance::available() const {
  if (!budget) return std::nullopt;
  return *budget - spent();
}

Balance balance_of(Postgres& database, const Fund& fund, const FiscalYear& year, Date as_of,
                   std::optional<Basis> basis) {
  Balance balance;
  balance.fund = fund;
  balance.year = year;
  balance.as_of = as_of;
  balance.basis = basis ? *basis : basis_of(database, fund.name, as_of);
  read_budget(database, balance);
  const Period spent_in{year.days.from, std::min(year.days.to, as_of)};
  balance.total = taxed_postings(database, fund.name, spent_in);
  balance.work = Minutes(database
                             .query("SELECT coalesce(sum(minutes), 0) AS minutes FROM ledger.entry "
                                    "WHERE fund = $1 AND posted_on BETWEEN $2 AND $3",
                                    fund.name, core::format_date(spent_in.from),
                                    core::format_date(spent_in.to))
                             .only()
                             .integer("minutes"));
  return balance;
}

std::vector<Balance> current_balances(Postgres& database, Date as_of, std::optional<Basis> basis) {
  std::vector<Balance> balances;
  for (const auto& fund : list_funds(database)) {
    balances.push_back(
        balance_of(database, fund, fiscal_year_of(as_of, fund.first_month), as_of, basis));
  }
  return balances;
}

Minutes affordable_work(Cents available, Cents per_hour, const std::vector<TaxRate>& rates,
                        Basis basis) {
  if (available <= Cents(0) || per_hour <= Cents(0)) return Minutes(0);
  const auto cost = [&](std::int64_t minutes) {
    return tax_invoice(price(Minutes(minutes), per_hour), rates).on(basis);
  };
  // Even with rebates on every tax, an hour costs at least its price less half a cent or so.
  std::int64_t enough = 0;
  std::int64_t too_much = proportion(available.count(), 60, per_hour.count()) * 2 + 2;
  while (too_much - enough > 1) {
    const auto middle = enough + (too_much - enough) / 2;
    (cost(middle) <= available ? enough : too_much) = middle;
  }
  return Minutes(enough);
}

} // namespace intendance::billing
