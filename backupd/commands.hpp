// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/command.hpp"

namespace intendance::backupd {

// repository init|info, key export, backup, snapshots, ls, restore, export, verify.
void register_commands(core::CommandLine& line);

} // namespace intendance::backupd
