// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

namespace intendance::core {

// Makes malloc keep little of what was freed: all threads allocate from two arenas, for with one a
// thread each holds some, and what is large goes back to the system at once; but for a megabyte, in
// which the same work can be done again. Before the first thread starts.
void keep_little_freed_memory();

} // namespace intendance::core
