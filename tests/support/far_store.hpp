// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

namespace intendance::test {

// Says of a store, which must outlive it, that so many calls at once are worth making, as of one
// that is far away: those who use it then ask ahead.
std::unique_ptr<storage::ObjectStore> far_away(storage::ObjectStore& store, unsigned connections);

} // namespace intendance::test
