// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

namespace intendance::storage {

struct StoreCounts {
  std::uint64_t puts = 0, gets = 0, lists = 0, heads = 0, removes = 0; // that were tried
  std::uint64_t failures = 0;                                          // of these
  std::uint64_t bytes_put = 0, bytes_got = 0;                          // of those that succeeded
  std::uint64_t requests() const { return puts + gets + lists + heads + removes; }
};

// Counts what passes through it to another store, which must outlive it. Any thread.
class CountingStore final : public ObjectStore {
public:
  explicit CountingStore(ObjectStore& inner);
  ~CountingStore() override;

  StoreCounts counts() const;

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override;
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override;
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override;
  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override;
  std::optional<ObjectInfo> head(const std::string& name) override;
  void remove(const std::string& name) override;
  void remove_all(std::span<const std::string> names) override; // counts as so many
  std::string address() const override;
  ObjectVersions* versions() override { return inner_.versions(); }
  unsigned connections() const override { return inner_.connections(); }

private:
  struct Counters;
  template <class Call>
  auto count(std::uint64_t StoreCounts::*verb, Call&& call, std::uint64_t times = 1);

  ObjectStore& inner_;
  std::unique_ptr<Counters> counters_;
};

} // namespace intendance::storage
