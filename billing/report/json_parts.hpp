// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/report/model.hpp"

#include <nlohmann/json_fwd.hpp>

namespace intendance::billing {

// What a report knows beside its balance, lines and entries: lines of the budget, forecast,
// promises, invoices, what comes, what is asked, and what other rooms say.
void add_report_parts(nlohmann::ordered_json& document, const MonthlyReport& report,
                      core::Language language);

} // namespace intendance::billing
