// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/command.hpp"

#include <string>

namespace intendance::cli {

// intendance(1) in roff, by the macros of man(7), from what the commands say of themselves. ASCII
// alone, so that no formatter has to be told the encoding.
std::string man_page(const std::vector<core::Command>& commands);

} // namespace intendance::cli
