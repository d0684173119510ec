// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <string_view>

namespace intendance::core {

// "0.1.0", of the whole suite.
std::string_view version();

} // namespace intendance::core
