// SPDX-License-Identifier: AGPL-3.0-or-later
// Which entries an invoice's lines of hours bill. A pure function; the same input gives the same
// answer.
#pragma once

#include "billing/ledger/reconciliation.hpp"

#include <cstddef>
#include <vector>

namespace intendance::billing {

// For each line of the invoice, in their order: places in `entries`. Matches that are kept already
// hold. Then a line takes, of the entries of the period that agree with its fund and with the
// service, activity and day that it names: all of them when they come to its minutes, else one as
// long, else the earliest that together are. What is still open looks at unbilled work from before
// the period, too. When nothing fits and no other line could want them, a line takes all entries of
// the period, which then differ.
std::vector<std::vector<std::size_t>> match_lines(const Invoice& invoice,
                                                  const std::vector<Billable>& entries);

} // namespace intendance::billing
