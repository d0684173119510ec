// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/forecast/ledger_input.hpp"
#include "core/command.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace intendance::billing {

// Plain text in 80 columns, for people.
std::string forecast_text(const FundForecast& forecast, core::Language language);

// One sentence a reason, without the full stop.
std::string reason_words(const Reason& reason, core::Language language);

// Integer cents, days as in 2026-11-23, reasons as codes (docs/api.md).
nlohmann::ordered_json forecast_json(const FundForecast& forecast);

} // namespace intendance::billing
