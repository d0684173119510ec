// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/dates.hpp"

#include "core/command.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <array>

namespace intendance::billing {
namespace {

using core::Language;
using Names = std::array<const char*, 12>;

constexpr Names french_short = {"janv.",  "févr.", "mars",  "avr.", "mai",  "juin",
                                "juill.", "août",  "sept.", "oct.", "nov.", "déc."};
constexpr Names french_long = {"janvier",   "février", "mars",     "avril",
                               "mai",       "juin",    "juillet",  "août",
                               "septembre", "octobre", "novembre", "décembre"};
constexpr Names english_short = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                 "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
constexpr Names english_long = {"January",   "February", "March",    "April",
                                "May",       "June",     "July",     "August",
                                "September", "October",  "November", "December"};

const char* name_of(std::chrono::month month, const Names& names) {
  return names.at(static_cast<unsigned>(month) - 1);
}

} // namespace

Month parse_month(std::string_view text) {
  const auto fail = [&]() -> Month {
    throw core::Error("\"" + std::string(text) + "\" is not a month; write it as in 2026-11");
  };
  if (text.size() != 7 || text[4] != '-') return fail();
  try {
    return month_of(core::parse_date(std::string(text) + "-01"));
  } catch (const core::Error&) {
    return fail();
  }
}

std::string month_code(Month month) {
  return fmt::format("{:04}-{:02}", static_cast<int>(month.year()),
                     static_cast<unsigned>(month.month()));
}

Month month_of(Date day) { return day.year() / day.month(); }

Period days_of(Month month) {
  return {month / std::chrono::day(1), Date(month / std::chrono::last)};
}

FiscalYear fiscal_year(int year, unsigned first_month) {
  const Month first = std::chrono::year(year) / std::chrono::month(first_month);
  return {year, {days_of(first).from, days_of(first + std::chrono::months(11)).to}};
}

FiscalYear fiscal_year_of(Date day, unsigned first_month) {
  const int year = static_cast<int>(day.year());
  const bool begun = static_cast<unsigned>(day.month()) >= first_month;
  return fiscal_year(begun ? year : year - 1, first_month);
}

std::string short_day(Date day, Language language) {
  const auto& names = language == Language::french ? french_short : english_short;
  return fmt::format("{} {} {}", static_cast<unsigned>(day.day()), name_of(day.month(), names),
                     static_cast<int>(day.year()));
}

std::string long_day(Date day, Language language) {
  const auto number = static_cast<unsigned>(day.day());
  const bool french = language == Language::french;
  return fmt::format("{} {} {}", french && number == 1 ? "1ᵉʳ" : std::to_string(number),
                     name_of(day.month(), french ? french_long : english_long),
                     static_cast<int>(day.year()));
}

std::string month_title(Month month, Language language) {
  const auto& names = language == Language::french ? french_long : english_long;
  return fmt::format("{} {}", name_of(month.month(), names), static_cast<int>(month.year()));
}

} // namespace intendance::billing
