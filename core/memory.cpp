// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/memory.hpp"

#include <malloc.h>

namespace intendance::core {

void share_arenas() { ::mallopt(M_ARENA_MAX, 2); }

} // namespace intendance::core
