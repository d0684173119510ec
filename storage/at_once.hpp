// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

#include <functional>
#include <initializer_list>

namespace intendance::storage {

// Does each, side by side where the store answers several at once and else one after the other:
// what needs none of the others need not wait for their way there and back. Returns when all have
// ended; throws what the first of those that failed threw.
void at_once(const ObjectStore& store, std::initializer_list<std::function<void()>> works);

} // namespace intendance::storage
