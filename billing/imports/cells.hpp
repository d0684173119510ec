// SPDX-License-Identifier: AGPL-3.0-or-later
// Hours and days as timesheets write them. Each throws Error that says what is allowed.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace intendance::billing {

// "1.5", "1,5", "1:30", "1h30", "90 min". A decimal stands for the whole minutes that are written
// so: 0.33 is twenty minutes, and 0.34 is refused, for no number of minutes is. Zero is allowed
// here.
Minutes parse_hours(std::string_view text);

// Which of two figures is the day in 03/04/2026.
enum class DayOrder { day_first, month_first };
// The order that the days written with slashes or points have; absent when each could be either or
// there is none. Throws Error when some can only be the one and some only the other.
std::optional<DayOrder> day_order_of(const std::vector<std::string_view>& texts);

// "2026-11-20", "2026/11/20", with an order also "20/11/2026" and "20.11.2026".
Date parse_day(std::string_view text, std::optional<DayOrder> order);

} // namespace intendance::billing
