// SPDX-License-Identifier: AGPL-3.0-or-later
// Which entries an invoice's lines of hours bill. A pure function; the same input gives the same
// answer.
#pragma once

#include "billing/ledger/reconciliation.hpp"

#include <cstddef>
#include <vector>

namespace intendance::billing {

// For each line of the invoice, in their order: places in `entries`. Matches that are kept already
// hold. Then a line takes, of the entries of its fund that agree with the service, activity and day
// that it names: all of the period when they come to its minutes (with unbilled ones from before if
// that is what it takes); else one as long; else the earliest that together come to its minutes;
// and when nothing does and no other line could want them, all of the period, which then differ.
std::vector<std::vector<std::size_t>> match_lines(const Invoice& invoice,
                                                  const std::vector<Billable>& entries);

} // namespace intendance::billing
