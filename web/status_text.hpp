// SPDX-License-Identifier: AGPL-3.0-or-later
// The overview in words for a terminal: one aligned line a subject, then what is wrong.
#pragma once

#include "core/calendar.hpp"
#include "core/command.hpp"
#include "web/overview.hpp"

#include <string>

namespace intendance::web {

enum class Colour { none, ansi };

// Several lines, each ended. Times are in `zone`; ages count until `now`.
std::string status_text(const Overview& overview, core::TimePoint now, core::Language language,
                        const core::TimeZone& zone, Colour colour);

// "5 h 12 min", "8 min", "3 j 4 h": two units at most, in the language's signs.
std::string format_age(std::chrono::nanoseconds age, core::Language language);

// "442 GB", "3,4 Mo".
std::string format_bytes(std::int64_t bytes, core::Language language);

// "6 412,50 $" or "$6,412.50", with no-break spaces.
std::string format_money(std::int64_t cents, core::Language language);

} // namespace intendance::web
