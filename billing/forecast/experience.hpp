// SPDX-License-Identifier: AGPL-3.0-or-later
// What past months say about the coming ones: how much a usual month costs, which months are dear,
// how far months lie apart, whether spending goes on. Each is drawn toward what one would say
// without having seen any month, the more so the fewer there are.
#pragma once

#include "billing/forecast/forecast.hpp"
#include "billing/forecast/ratio.hpp"

#include <array>

namespace intendance::billing {

// A month that has begun, counted from the first of the fiscal year to forecast, which is 0.
struct KnownMonth {
  int index = 0;
  Fine amount;  // without recurring costs
  Fine engaged; // of it
  Ratio part;   // that is over: one but for the current month
};

struct Experience {
  std::vector<KnownMonth> months; // from the first one with work on
  std::array<Ratio, 12> season;   // of the fiscal year's months against a usual one
  int earlier_years = 0;          // whole ones, from which the season is
  Fine planned;                   // for a usual month, without recurring costs; zero without a plan
  Fine level;                     // of a usual month
  Ratio plan_weight;              // in months
  Ratio months_weight;            // older ones count for less
  Ratio spread;                   // the variance of months, as a share of the level's square
  int quiet = 0;                  // the last whole months, with almost no spending
  Ratio goes_on;                  // how likely that is, after the quiet months
  Ratio engaged_share;            // of spending
};

Experience learn(const ForecastInput& input);

// Where today lies: whole months of the year that are over, below 0 and above 11 outside of it, and
// how much of the current month.
struct Position {
  int month = 0;
  Ratio part;
};
Position position_in(const FiscalYear& year, Date day);

} // namespace intendance::billing
