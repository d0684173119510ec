// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

#include <stop_token>
#include <string_view>

namespace intendance::storage {

// "10GB", "512KiB", "1000": bytes. Throws ConfigError that names what is allowed; never 0.
std::uint64_t parse_byte_size(std::string_view text);
// "2MiB/s": bytes a second.
std::uint64_t parse_byte_rate(std::string_view text);

struct BandwidthLimits {
  std::optional<std::uint64_t> put = {}, get = {}; // bytes a second; none: as fast as it goes
  bool any() const { return put || get; }
};

// Keeps what is put into another store and got from it below a rate, all threads together. A
// second's worth may pass at once; what is more waits for the clock, an hour at most for one read.
// A put waits while its content is read, a get of a range before it, a get of a whole object, whose
// size nobody knew, after it. Store and clock must outlive it. Any thread. Waiting ends with
// Cancelled when `stop` is requested.
std::unique_ptr<ObjectStore> limit_bandwidth(ObjectStore& inner, const BandwidthLimits& limits,
                                             core::Clock& clock, std::stop_token stop = {});
// The same of a store that it takes over, by a clock that nobody sets; without limits the store
// itself.
std::unique_ptr<ObjectStore> limit_bandwidth(std::unique_ptr<ObjectStore> inner,
                                             const BandwidthLimits& limits, std::stop_token stop);

} // namespace intendance::storage
