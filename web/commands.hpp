// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/command.hpp"

namespace intendance::web {

// intendance status
void register_commands(core::CommandLine& line);

} // namespace intendance::web
