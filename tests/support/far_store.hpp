// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

namespace intendance::test {

// Says of a store that so many calls at once are worth making, as of one that is far away: those
// who use it then ask ahead. It is no folder, either: packs cannot be spooled in it.
std::unique_ptr<storage::ObjectStore> far_away(std::unique_ptr<storage::ObjectStore> store,
                                               unsigned connections);
// The store must outlive it.
std::unique_ptr<storage::ObjectStore> far_away(storage::ObjectStore& store, unsigned connections);

} // namespace intendance::test
