// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/synchronized.hpp"
#include "storage/object_store.hpp"
#include "storage/verb.hpp"

#include <array>
#include <chrono>
#include <map>
#include <memory>
#include <string>

namespace intendance::storage {

// Seconds; from a disk nearby to a large object over a slow line.
inline constexpr std::array<double, 12> latency_bounds = {0.002, 0.01, 0.03, 0.1, 0.3, 1,
                                                          3,     10,   30,   100, 300, 1000};

// Of one kind of call. A call of several objects, list() or remove_all(), is one.
struct CallFigures {
  std::uint64_t calls = 0;    // that came to an end
  std::uint64_t failures = 0; // of these; to be absent is none
  std::uint64_t bytes = 0;    // sent or received by those that succeeded
  std::chrono::nanoseconds time{};
  std::array<std::uint64_t, latency_bounds.size() + 1> by_latency{}; // the last: beyond all bounds
};

struct StoreCounts {
  std::array<CallFigures, verbs.size()> of_verbs{};

  const CallFigures& of(Verb verb) const { return of_verbs.at(static_cast<std::size_t>(verb)); }
  std::uint64_t requests() const;
  std::uint64_t failures() const;
};

// What was asked of a store since the meter was made, by whoever has it. Any thread.
class StoreMeter {
public:
  enum class Result { done, failed };
  void note(Verb verb, std::chrono::nanoseconds took, Result result, std::uint64_t bytes);
  StoreCounts counts() const { return counts_.copy(); }

private:
  core::Synchronized<StoreCounts> counts_;
};

// A meter for each name, made when it is first asked for. Any thread.
class StoreMeters {
public:
  std::shared_ptr<StoreMeter> of(const std::string& name);
  std::map<std::string, StoreCounts> counts() const;

private:
  core::Synchronized<std::map<std::string, std::shared_ptr<StoreMeter>>> all_;
};

// Measures what passes through it to another store. Any thread.
class CountingStore final : public ObjectStore {
public:
  // `inner` must outlive it.
  explicit CountingStore(ObjectStore& inner);
  CountingStore(std::unique_ptr<ObjectStore> inner, std::shared_ptr<StoreMeter> meter);

  StoreCounts counts() const { return meter_->counts(); }

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override;
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override;
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override;
  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override;
  std::optional<ObjectInfo> head(const std::string& name) override;
  void remove(const std::string& name) override;
  void remove_all(std::span<const std::string> names) override;
  std::string address() const override { return inner_.address(); }
  ObjectVersions* versions() override { return inner_.versions(); }
  unsigned connections() const override { return inner_.connections(); }
  std::optional<std::filesystem::path> spool_folder() const override {
    return inner_.spool_folder();
  }

private:
  // `bytes_of` tells from what the call returned how many bytes passed.
  template <class Call, class BytesOf>
  auto measured(Verb verb, Call&& call, BytesOf&& bytes_of);

  std::unique_ptr<ObjectStore> owned_; // or none
  ObjectStore& inner_;
  const std::shared_ptr<StoreMeter> meter_;
};

} // namespace intendance::storage
