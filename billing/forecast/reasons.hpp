// SPDX-License-Identifier: AGPL-3.0-or-later
// Why a forecast says what it says, as codes and figures.
#pragma once

#include "billing/forecast/experience.hpp"

namespace intendance::billing {

// What the estimate of the rest of the year was made of.
struct RestFigures {
  Ratio months; // weighed by the season
  Fine engagements;
};

std::vector<Reason> reasons_of_cost(const ForecastInput& input, const Experience& experience,
                                    const Forecast& forecast, const RestFigures& rest);

// Needs everything in `forecast` but the reasons.
std::vector<Reason> reasons_of_budget(const Forecast& forecast);

} // namespace intendance::billing
