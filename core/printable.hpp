// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <string>
#include <string_view>

namespace intendance::core {

// Text of foreign origin on one line of a terminal or a log: control characters, those of Latin-1
// in UTF-8 too (some terminals obey them), are shown as \x1b. All else stays, bytes that are no
// UTF-8 as well.
std::string printable(std::string_view text);

} // namespace intendance::core
