// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/command.hpp"

namespace intendance::collectors {

// `collect` and `probe`; neither needs a daemon.
void register_commands(core::CommandLine& line);

} // namespace intendance::collectors
