// SPDX-License-Identifier: AGPL-3.0-or-later
// Tries again what may succeed later.
#pragma once

#include "core/clock.hpp"
#include "storage/object_store.hpp"

#include <stop_token>

namespace intendance::storage {

struct RetryPolicy {
  unsigned attempts = 8; // in all
  // Until a first call has succeeded: who mistyped an address wants to hear of it.
  unsigned attempts_at_first = 3;
  std::chrono::milliseconds first_wait{500};
  std::chrono::milliseconds longest_wait{60'000}; // also of what a server asks for
};

// Each call is made again after a TransientError, each time after about twice as long and never at
// the same moment as others, or after as long as the server asked for. A put whose answer was lost
// is complete when the store has the object with the same bytes. Any thread. `clock` must outlive
// it; `stop` ends a wait with Cancelled.
std::unique_ptr<ObjectStore> retrying(std::unique_ptr<ObjectStore> inner, const RetryPolicy& policy,
                                      core::Clock& clock, std::stop_token stop);

} // namespace intendance::storage
