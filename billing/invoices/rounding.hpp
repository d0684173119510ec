// SPDX-License-Identifier: AGPL-3.0-or-later
// The permitted ways to come from lines to taxes, and from minutes to amounts.
#pragma once

#include "billing/ledger/reconciliation.hpp"

#include <optional>
#include <set>
#include <vector>

namespace intendance::billing {

// In the order of the methods, each without the lines that bear no tax. `agrees` says that the
// invoice bills these taxes; of the one step, that both together are right, however they are
// divided.
std::vector<TaxTrial> try_taxes(const Invoice& invoice, const std::vector<TaxRate>& rates,
                                const std::set<int>& untaxed_lines = {});

// Which price of the work gives `amount`; absent when none does.
std::optional<AmountMethod> amount_method(Cents amount, const std::vector<const Entry*>& entries);

// The co-op bills less than an hour at a quarter's end (its quarters end in February, May, August
// and November) rounded up to a whole one. How much work `amount` adds to `billed`, if it is that.
std::optional<Minutes> quarter_rounding(Cents amount, Minutes billed, Cents per_hour);
bool ends_quarter(Date period_end);

} // namespace intendance::billing
