// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/command.hpp"

namespace intendance::cli {

// config check: the one command that needs every room.
// `line` must not move afterwards.
void register_commands(core::CommandLine& line);

} // namespace intendance::cli
