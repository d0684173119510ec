// SPDX-License-Identifier: AGPL-3.0-or-later
// Foreign text for a label, a log line and a terminal.
#pragma once

#include <string>
#include <string_view>

namespace intendance::collectors {

// One line without control characters, cut to 120 bytes.
std::string shown_text(std::string_view text);

// The first line that is not blank, the same way.
std::string first_line(std::string_view text);

} // namespace intendance::collectors
