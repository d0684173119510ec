// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/report/model.hpp"
#include "core/command.hpp"

#include <vector>

namespace intendance::billing {

// hours, budget, rate, service, activity, vendor, report, database, ledger, forecast. `sections`
// are asked for what other rooms know of a month whenever its report is drawn up.
void register_commands(core::CommandLine& line, std::vector<SectionSource> sections = {});

} // namespace intendance::billing
