// SPDX-License-Identifier: AGPL-3.0-or-later
// Copies of many snapshots in one object, so that thousands of them are listed by a few requests to
// a store far away. Nothing depends on them: a copy proves itself, and whatever is lost is made
// again.
#pragma once

#include "backupd/repository/bytes.hpp"
#include "storage/object_store.hpp"

#include <functional>
#include <stop_token>

namespace intendance::backupd {

// Fewer snapshots than that are got one by one.
inline constexpr std::size_t worth_a_catalogue = 32;

// Calls `use` with each copy of a snapshot that any catalogue holds, of removed ones too, and with
// nothing said of whether it is one. What is wrong with a catalogue goes to `damaged`.
void for_each_copy(
    storage::ObjectStore& store, const std::function<void(ByteView object)>& use,
    const std::function<void(const std::string& catalogue, const std::string& message)>& damaged);

// Puts copies of those snapshots into catalogues that are in none, when there are enough of them,
// and gathers catalogues that are many or hold much of what was removed. How many copies were
// written. Several may do it at once.
std::uint64_t write_catalogues(storage::ObjectStore& store, std::stop_token stop);

} // namespace intendance::backupd
