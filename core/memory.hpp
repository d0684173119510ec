// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

namespace intendance::core {

// Lets all threads allocate from two of malloc's arenas: each keeps much of what was freed in it,
// so that with one a thread a program holds far more than it uses. Before the first thread starts.
void share_arenas();

} // namespace intendance::core
