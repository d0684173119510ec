// SPDX-License-Identifier: AGPL-3.0-or-later
// What a fund may spend in a fiscal year, what it has spent, and what is left.
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/money.hpp"
#include "billing/tax/tax.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// A change is a new version; `reason` says why.
struct NewBudget {
  std::string fund;
  int year = 0; // in which the fiscal year starts
  Cents amount;
  std::string reason;
  // Of this line alone, the others staying as they are. Absent: of the whole budget, which then has
  // the one line "services"; refused when it has had others.
  std::optional<std::string> line = std::nullopt;
};

// Lines of a version, by name.
struct BudgetLine {
  std::string name; // a category: "services"
  Cents amount;
};
std::vector<BudgetLine> budget_lines(core::Postgres& database, const std::string& fund, int year,
                                     std::int64_t version);

// Moves cents between two lines of the newest version, whose total stays (a virement).
struct BudgetTransfer {
  std::string fund;
  int year = 0;
  std::string from;
  std::string to;
  Cents amount;
  std::string reason;
};
// Returns the new version. Throws Error when there is no budget, when the line has not so much, and
// without a reason.
std::int64_t transfer_budget(core::Postgres& database, const BudgetTransfer& transfer);

// Returns the version: 1 for the first. Throws Error for a year or an amount that cannot be.
std::int64_t set_budget(core::Postgres& database, const NewBudget& budget);

struct Balance {
  Fund fund;
  FiscalYear year;
  std::optional<Cents> budget; // absent when none was set for the year
  std::int64_t version = 0;    // of the budget
  TaxedTotal total;            // of all work posted in the year until as_of, with the invoices'
                               // adjustments
  TaxedTotal costs;            // of the costs beside hours; nothing that is given in kind
  TaxedTotal engaged;          // what is left of engagements
  Minutes work;
  Basis basis = Basis::net;
  Date as_of;

  TaxedTotal spent_total() const;
  Cents spent() const { return spent_total().on(basis); }
  std::optional<Cents> available() const; // neither spent nor engaged
  // More was spent than there is; to have spent exactly all of it is well.
  bool overspent() const { return budget && *budget < spent(); }
};

// The basis is the fund's own on `as_of` (net unless the ledger says otherwise) when none is given.
Balance balance_of(core::Postgres& database, const Fund& fund, const FiscalYear& year, Date as_of,
                   std::optional<Basis> basis = std::nullopt);

// Of each fund, in the fiscal year that `as_of` lies in.
std::vector<Balance> current_balances(core::Postgres& database, Date as_of,
                                      std::optional<Basis> basis = std::nullopt);

// How much work the money pays for at that rate, taxes and rebates counted as the basis says, in
// whole minutes; zero when there is no money left.
Minutes affordable_work(Cents available, Cents per_hour, const std::vector<TaxRate>& rates,
                        Basis basis);

} // namespace intendance::billing
