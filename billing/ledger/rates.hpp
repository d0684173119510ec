// SPDX-License-Identifier: AGPL-3.0-or-later
// What an hour costs, from which day to which. The database refuses overlaps, and anything but an
// end for a rate that has started.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

struct Rate {
  std::string vendor;
  std::optional<std::string> activity; // absent: every activity that has no rate of its own
  Date from;
  std::optional<Date> until; // the last day; absent: no end is set
  Cents per_hour;
  std::string source; // contract, quote, page
};

std::vector<Rate> list_rates(core::Postgres& database);

// Records a rate from `from` on, and ends the one that runs on that day the day before. Throws
// Error when later rates are in the way, or when work on or after `from` has its price already.
void set_rate(core::Postgres& database, const Rate& rate);

// The dearest rate of a vendor on a day, whatever the activity; absent when there is none.
std::optional<Cents> highest_rate(core::Postgres& database, const std::string& vendor, Date day);

} // namespace intendance::billing
