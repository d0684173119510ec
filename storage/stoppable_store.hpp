// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

#include <stop_token>

namespace intendance::storage {

// Throws Cancelled at every further call once `stop` is requested: whoever works on it gives up as
// if the store had failed, which may happen at any call, and leaves nothing undone that another run
// would not do. Any thread.
std::unique_ptr<ObjectStore> stoppable(std::unique_ptr<ObjectStore> inner, std::stop_token stop);

} // namespace intendance::storage
