// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/counting_store.hpp"

#include "core/synchronized.hpp"

namespace intendance::storage {

struct CountingStore::Counters {
  core::Synchronized<StoreCounts> counts;
};

CountingStore::CountingStore(ObjectStore& inner)
    : inner_(inner), counters_(std::make_unique<Counters>()) {}
CountingStore::~CountingStore() = default;

StoreCounts CountingStore::counts() const { return counters_->counts.copy(); }

template <class Call>
auto CountingStore::count(std::uint64_t StoreCounts::*verb, Call&& call, std::uint64_t times) {
  counters_->counts.with([&](StoreCounts& counts) { counts.*verb += times; });
  try {
    return call();
  } catch (...) {
    counters_->counts.with([](StoreCounts& counts) { ++counts.failures; });
    throw;
  }
}

void CountingStore::put(const std::string& name, const Content& content) {
  count(&StoreCounts::puts, [&] { inner_.put(name, content); });
  counters_->counts.with([&](StoreCounts& counts) { counts.bytes_put += content.size(); });
}

std::optional<core::Buffer> CountingStore::get(const std::string& name, std::uint64_t most) {
  auto bytes = count(&StoreCounts::gets, [&] { return inner_.get(name, most); });
  counters_->counts.with(
      [&](StoreCounts& counts) { counts.bytes_got += bytes ? bytes->size() : 0; });
  return bytes;
}

bool CountingStore::read(const std::string& name, std::uint64_t offset,
                         std::span<std::uint8_t> into) {
  const bool there = count(&StoreCounts::gets, [&] { return inner_.read(name, offset, into); });
  counters_->counts.with([&](StoreCounts& counts) { counts.bytes_got += there ? into.size() : 0; });
  return there;
}

void CountingStore::list(const std::string& prefix,
                         const std::function<void(const ObjectInfo&)>& visit) {
  count(&StoreCounts::lists, [&] { inner_.list(prefix, visit); });
}

std::optional<ObjectInfo> CountingStore::head(const std::string& name) {
  return count(&StoreCounts::heads, [&] { return inner_.head(name); });
}

void CountingStore::remove(const std::string& name) {
  count(&StoreCounts::removes, [&] { inner_.remove(name); });
}

void CountingStore::remove_all(std::span<const std::string> names) {
  count(
      &StoreCounts::removes, [&] { inner_.remove_all(names); }, names.size());
}

std::string CountingStore::address() const { return inner_.address(); }

} // namespace intendance::storage
