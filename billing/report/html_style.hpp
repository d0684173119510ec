// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <string_view>

namespace intendance::billing {

// For screens and for paper of the sizes Letter and A4; readable in black and white.
extern const std::string_view html_style;

} // namespace intendance::billing
