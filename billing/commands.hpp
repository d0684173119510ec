// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/command.hpp"

namespace intendance::billing {

// hours, budget, rate, service, activity, vendor, report, database, ledger, forecast.
void register_commands(core::CommandLine& line);

} // namespace intendance::billing
