// SPDX-License-Identifier: AGPL-3.0-or-later
// Months and fiscal years, and days as people write them.
#pragma once

#include "core/calendar.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace intendance::core {
enum class Language; // core/command.hpp
}

namespace intendance::billing {

using core::Date;
using Month = std::chrono::year_month;

// Both days belong to it.
struct Period {
  Date from;
  Date to;
};

Month parse_month(std::string_view text); // "2026-11"; throws Error otherwise
std::string month_code(Month month);      // "2026-11"
Month month_of(Date day);
Period days_of(Month month);

// Named by the calendar year in which it starts; begins on the first day of a month.
struct FiscalYear {
  int year = 0;
  Period days;
};
FiscalYear fiscal_year(int year, unsigned first_month);
FiscalYear fiscal_year_of(Date day, unsigned first_month);

std::string short_day(Date day, core::Language language); // "23 nov. 2026", "23 Nov 2026"
std::string long_day(Date day, core::Language language);  // "1ᵉʳ avril 2026", "1 April 2026"
std::string month_title(Month month, core::Language language); // "novembre 2026", "November 2026"

} // namespace intendance::billing
