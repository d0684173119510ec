// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/dates.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>

namespace intendance::billing {

// What was kept of a month's report when it closed, which is served from then on; a PDF that could
// not be made then is printed from the HTML that was kept. Absent when the month has neither.
std::optional<std::string> kept_form(core::Postgres& database, Month month, const std::string& fund,
                                     const std::string& language, const std::string& format);

} // namespace intendance::billing
