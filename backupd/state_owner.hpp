// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <filesystem>

namespace intendance::backupd {

// Root that runs a job by hand becomes whoever owns the state folder, so that the daemon can go on
// with the files it finds there, and keeps of root's rights only the one to read every file
// (CAP_DAC_READ_SEARCH), as the daemon's unit has it. Nothing happens for others, and where the
// folder is root's or not there yet. Throws Error when the rights cannot be given up.
void become_owner_of(const std::filesystem::path& state);

} // namespace intendance::backupd
