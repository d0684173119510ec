// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/forecast/experience.hpp"

#include <array>
#include <optional>
#include <vector>

namespace intendance::billing {

// How spending goes on from a day: by the season's shares of the months, the days of a month alike,
// and what falls due on its own day. After the year's end the months follow the same season.
class Path {
public:
  // `rest` is what the remaining months of the year cost together, without what is due.
  Path(const ForecastInput& input, const std::array<Ratio, 12>& season, Fine rest);

  // What the remaining months weigh together, a usual one counting one.
  static Ratio months_left(const FiscalYear& year, Date today, const std::array<Ratio, 12>& season);

  // The first day, from today on, by the end of which more than `available` is spent.
  std::optional<Date> exceeds(Fine available) const;

private:
  Fine month_cost(Month month) const;
  Fine due_in(Date from, Date to) const;
  std::optional<Date> day_in_month(Date from, Date to, Fine before, Fine available) const;

  const ForecastInput& input_;
  const std::array<Ratio, 12>& season_;
  Fine usual_month_;
};

} // namespace intendance::billing
