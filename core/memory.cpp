// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/memory.hpp"

#include <malloc.h>

namespace intendance::core {

void keep_little_freed_memory() {
  ::mallopt(M_ARENA_MAX, 2);
  // Said once, it no longer grows to what was freed last, which left holes of megabytes.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  // What one answer of a daemon needs stays for the next: a fifth of a scrape was the faults of
  // pages that had just been given back.
  ::mallopt(M_TRIM_THRESHOLD, 1 << 20);
}

} // namespace intendance::core
