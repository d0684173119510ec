// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/budget.hpp"

#include "billing/ledger/costs.hpp"
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

std::int64_t newest_version(Postgres& database, const std::string& fund, int year) {
  return database
      .query("SELECT coalesce(max(version), 0) AS version FROM ledger.budget_version "
             "WHERE fund = $1 AND year = $2",
             fund, year)
      .only()
      .integer("version");
}

std::string names_of(const std::vector<BudgetLine>& lines) {
  std::string names;
  for (const auto& line : lines) {
    names += (names.empty() ? "" : " · ") + line.name + " " + format_decimal(line.amount);
  }
  return names.empty() ? "none" : names;
}

BudgetLine& line_of(std::vector<BudgetLine>& lines, const std::string& name) {
  for (auto& line : lines) {
    if (line.name == name) return line;
  }
  return lines.emplace_back(BudgetLine{name, Cents(0)});
}

struct NewVersion {
  std::string fund;
  int year;
  std::string kind;
  std::string reason;
};

std::int64_t add_version(Postgres& database, const NewVersion& added,
                         const std::vector<BudgetLine>& lines) {
  const auto version = newest_version(database, added.fund, added.year) + 1;
  database.query("INSERT INTO ledger.budget_version (fund, year, version, kind, reason) "
                 "VALUES ($1, $2, $3, $4, $5)",
                 added.fund, added.year, version, added.kind, added.reason);
  for (const auto& line : lines) {
    database.query("INSERT INTO ledger.budget_line (fund, year, version, line, cents) "
                   "VALUES ($1, $2, $3, $4, $5)",
                   added.fund, added.year, version, line.name, line.amount.count());
  }
  return version;
}

// What is left of the fund's engagements, each taxed as one invoice of the day.
TaxedTotal engaged_of(Postgres& database, const std::string& fund, Date as_of) {
  TaxedTotal total;
  const auto rates = tax_rates(database, as_of);
  const auto rows = database.query("SELECT s.left_cents FROM ledger.engagements($2::date) s "
                                   "JOIN ledger.engagement e ON e.name = s.name "
                                   "WHERE e.fund = $1 AND s.left_cents > 0 ORDER BY e.name",
                                   fund, core::format_date(as_of));
  for (const auto& row : rows) total += tax_invoice(Cents(row.integer("left_cents")), rates);
  return total;
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
  database.query("SELECT ledger.lock_postings()");
  auto lines = budget_lines(database, budget.fund, budget.year,
                            newest_version(database, budget.fund, budget.year));
  if (!budget.line) {
    const bool several = std::any_of(lines.begin(), lines.end(), [](const BudgetLine& line) {
      return line.name != "services" && line.amount > Cents(0);
    });
    if (several) {
      throw Error("the budget has several lines: " + names_of(lines) +
                  "; say with --line which of them changes");
    }
    lines.clear();
  }
  line_of(lines, budget.line.value_or("services")).amount = budget.amount;
  const auto version =
      add_version(database, {budget.fund, budget.year, "set", budget.reason}, lines);
  transaction.commit();
  return version;
}

std::vector<BudgetLine> budget_lines(Postgres& database, const std::string& fund, int year,
                                     std::int64_t version) {
  std::vector<BudgetLine> lines;
  const auto rows = database.query("SELECT line, cents FROM ledger.budget_line WHERE fund = $1 "
                                   "AND year = $2 AND version = $3 ORDER BY line",
                                   fund, year, version);
  for (const auto& row : rows) lines.push_back({row.text("line"), Cents(row.integer("cents"))});
  return lines;
}

std::int64_t transfer_budget(Postgres& database, const BudgetTransfer& transfer) {
  if (transfer.reason.empty()) throw Error("say why the money moves: a transfer needs its reason");
  if (transfer.from == transfer.to) throw Error("a transfer goes from one line to another");
  core::Transaction transaction(database);
  database.query("SELECT ledger.lock_postings()");
  const auto last = newest_version(database, transfer.fund, transfer.year);
  auto lines = budget_lines(database, transfer.fund, transfer.year, last);
  if (last == 0) {
    throw Error(fmt::format("{} has no budget for {}; record it with: intendance budget set --fund "
                            "{} --year {} --amount DOLLARS",
                            transfer.fund, transfer.year, transfer.fund, transfer.year));
  }
  const auto source = std::find_if(lines.begin(), lines.end(), [&](const BudgetLine& line) {
    return line.name == transfer.from;
  });
  const auto there = source == lines.end() ? Cents(0) : source->amount;
  if (transfer.amount > there) {
    throw Error(fmt::format("the line {} holds {} dollars, less than {}; there are: {}",
                            transfer.from, format_decimal(there), format_decimal(transfer.amount),
                            names_of(lines)));
  }
  source->amount = source->amount - transfer.amount;
  line_of(lines, transfer.to).amount += transfer.amount;
  const auto version =
      add_version(database, {transfer.fund, transfer.year, "transfer", transfer.reason}, lines);
  transaction.commit();
  return version;
}

TaxedTotal Balance::spent_total() const {
  auto all = total;
  all += costs;
  return all;
}

std::optional<Cents> Balance::available() const {
  if (!budget) return std::nullopt;
  return *budget - spent() - engaged.on(basis);
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
  balance.costs =
      taxed_charges(database, list_charges(database, spent_in, {fund.name, std::nullopt}));
  balance.engaged = engaged_of(database, fund.name, as_of);
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
