// SPDX-License-Identifier: AGPL-3.0-or-later
// The forecast's input out of the ledger.
#pragma once

#include "billing/forecast/forecast.hpp"
#include "billing/ledger/budget.hpp"
#include "core/postgres.hpp"

namespace intendance::billing {

struct FundForecast {
  Fund fund;
  Basis basis = Basis::net; // of every amount
  Forecast forecast;
};

// Of the year, fund and day of a balance, on its basis: what is posted after the day is not looked
// at, so that an earlier day shows what would have been said then of the ledger as it is now.
ForecastInput read_forecast_input(core::Postgres& database, const Balance& balance);

FundForecast forecast_fund(core::Postgres& database, const Balance& balance);

} // namespace intendance::billing
