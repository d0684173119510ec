// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

#include <functional>
#include <string>
#include <vector>

namespace intendance::storage {

// Gets whole objects, of at most `most` bytes, several at a time where the store answers several at
// once, and calls `use` for each in the order of the names, on the calling thread. `got` gives what
// ObjectStore::get() gave, or throws what it threw, and is called once.
using Got = std::function<std::optional<core::Buffer>()>;
void get_each(ObjectStore& store, const std::vector<std::string>& names, std::uint64_t most,
              const std::function<void(const std::string& name, const Got& got)>& use);

} // namespace intendance::storage
