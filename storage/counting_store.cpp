// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/counting_store.hpp"

#include <algorithm>

namespace intendance::storage {

std::uint64_t StoreCounts::requests() const {
  std::uint64_t sum = 0;
  for (const auto& each : of_verbs) sum += each.calls;
  return sum;
}

std::uint64_t StoreCounts::failures() const {
  std::uint64_t sum = 0;
  for (const auto& each : of_verbs) sum += each.failures;
  return sum;
}

void StoreMeter::note(Verb verb, std::chrono::nanoseconds took, Result result,
                      std::uint64_t bytes) {
  const auto seconds = std::chrono::duration<double>(took).count();
  const auto bound = std::lower_bound(latency_bounds.begin(), latency_bounds.end(), seconds);
  counts_.with([&](StoreCounts& counts) {
    auto& figures = counts.of_verbs.at(static_cast<std::size_t>(verb));
    ++figures.calls;
    figures.failures += result == Result::failed ? 1 : 0;
    figures.bytes += bytes;
    figures.time += took;
    ++figures.by_latency.at(static_cast<std::size_t>(bound - latency_bounds.begin()));
  });
}

std::shared_ptr<StoreMeter> StoreMeters::of(const std::string& name) {
  return all_.with([&](auto& all) {
    auto& meter = all[name];
    if (!meter) meter = std::make_shared<StoreMeter>();
    return meter;
  });
}

std::map<std::string, StoreCounts> StoreMeters::counts() const {
  std::map<std::string, StoreCounts> counts;
  for (const auto& [name, meter] : all_.copy()) counts.emplace(name, meter->counts());
  return counts;
}

CountingStore::CountingStore(ObjectStore& inner)
    : inner_(inner), meter_(std::make_shared<StoreMeter>()) {}

CountingStore::CountingStore(std::unique_ptr<ObjectStore> inner, std::shared_ptr<StoreMeter> meter)
    : owned_(std::move(inner)), inner_(*owned_), meter_(std::move(meter)) {}

template <class Call, class BytesOf>
auto CountingStore::measured(Verb verb, Call&& call, BytesOf&& bytes_of) {
  const auto began = std::chrono::steady_clock::now();
  const auto note = [&](StoreMeter::Result result, std::uint64_t bytes) {
    meter_->note(verb, std::chrono::steady_clock::now() - began, result, bytes);
  };
  try {
    auto result = call();
    note(StoreMeter::Result::done, bytes_of(result));
    return result;
  } catch (...) {
    note(StoreMeter::Result::failed, 0);
    throw;
  }
}

namespace {

// For calls that return nothing.
template <class Call>
auto and_then_true(Call&& call) {
  return [&call] {
    call();
    return true;
  };
}

constexpr auto no_bytes = [](const auto&) { return std::uint64_t{0}; };

} // namespace

void CountingStore::put(const std::string& name, const Content& content) {
  const auto call = [&] { inner_.put(name, content); };
  measured(Verb::put, and_then_true(call), [&](bool) { return content.size(); });
}

std::optional<core::Buffer> CountingStore::get(const std::string& name, std::uint64_t most) {
  return measured(
      Verb::get, [&] { return inner_.get(name, most); },
      [](const auto& bytes) { return std::uint64_t{bytes ? bytes->size() : 0}; });
}

bool CountingStore::read(const std::string& name, std::uint64_t offset,
                         std::span<std::uint8_t> into) {
  return measured(
      Verb::get, [&] { return inner_.read(name, offset, into); },
      [&](bool there) { return std::uint64_t{there ? into.size() : 0}; });
}

void CountingStore::list(const std::string& prefix,
                         const std::function<void(const ObjectInfo&)>& visit) {
  const auto call = [&] { inner_.list(prefix, visit); };
  measured(Verb::list, and_then_true(call), no_bytes);
}

std::optional<ObjectInfo> CountingStore::head(const std::string& name) {
  return measured(
      Verb::head, [&] { return inner_.head(name); }, no_bytes);
}

void CountingStore::remove(const std::string& name) {
  const auto call = [&] { inner_.remove(name); };
  measured(Verb::remove, and_then_true(call), no_bytes);
}

void CountingStore::remove_all(std::span<const std::string> names) {
  const auto call = [&] { inner_.remove_all(names); };
  measured(Verb::remove, and_then_true(call), no_bytes);
}

} // namespace intendance::storage
