// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/path.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr int longest = 11 * 12; // months: the year, and ten after it

std::size_t month_in_year(const FiscalYear& year, Month month) {
  const auto months = (month - month_of(year.days.from)).count() % 12;
  return static_cast<std::size_t>(months < 0 ? months + 12 : months);
}

unsigned day_number(Date day) { return static_cast<unsigned>(day.day()); }

} // namespace

Ratio Path::months_left(const FiscalYear& year, Date today, const std::array<Ratio, 12>& season) {
  const auto now = position_in(year, today);
  Ratio sum;
  for (int month = std::max(now.month, 0); month < 12; ++month) {
    const auto& whole = season.at(static_cast<std::size_t>(month));
    sum += month == now.month ? whole * (Ratio::whole(1) - now.part) : whole;
  }
  return sum;
}

Path::Path(const ForecastInput& input, const std::array<Ratio, 12>& season, Fine rest)
    : input_(input), season_(season) {
  const auto left = months_left(input.year, input.today, season);
  if (left > Ratio()) {
    usual_month_ = Fine(proportion(rest.count(), Ratio::scale, left.in_millionths()));
  }
}

Fine Path::month_cost(Month month) const {
  return usual_month_ * season_.at(month_in_year(input_.year, month));
}

Fine Path::due_in(Date from, Date to) const {
  Fine sum;
  for (const auto& due : input_.due) {
    if (due.day >= from && due.day <= to && due.day <= input_.year.days.to) sum += fine(due.amount);
  }
  return sum;
}

std::optional<Date> Path::day_in_month(Date from, Date to, Fine before, Fine available) const {
  const auto cost = month_cost(month_of(from));
  for (unsigned day = day_number(from); day <= day_number(to); ++day) {
    const auto on = from.year() / from.month() / std::chrono::day(day);
    const auto days = static_cast<std::int64_t>(day - day_number(from) + 1);
    const Fine work(proportion(cost.count(), days, day_number(days_of(month_of(from)).to)));
    if (before + work + due_in(from, on) > available) return on;
  }
  return std::nullopt;
}

std::optional<Date> Path::exceeds(Fine available) const {
  Fine before;
  auto from = std::max(input_.today, input_.year.days.from);
  for (int month = 0; month < longest; ++month) {
    const auto days = days_of(month_of(from));
    if (const auto day = day_in_month(from, days.to, before, available)) return day;
    const auto left = day_number(days.to) - day_number(from) + 1;
    before += Fine(proportion(month_cost(month_of(from)).count(), left, day_number(days.to)));
    before += due_in(from, days.to);
    from = days_of(month_of(from) + std::chrono::months(1)).from;
  }
  return std::nullopt;
}

} // namespace intendance::billing
