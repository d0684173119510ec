// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/support/far_store.hpp"

namespace intendance::test {

namespace {

using storage::Content;
using storage::ObjectInfo;

class FarStore final : public storage::ObjectStore {
public:
  FarStore(ObjectStore& inner, unsigned connections) : inner_(inner), connections_(connections) {}
  FarStore(std::unique_ptr<ObjectStore> inner, unsigned connections)
      : owned_(std::move(inner)), inner_(*owned_), connections_(connections) {}

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override { inner_.put(name, content); }
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    return inner_.get(name, most);
  }
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return inner_.read(name, offset, into);
  }
  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    inner_.list(prefix, visit);
  }
  std::optional<ObjectInfo> head(const std::string& name) override { return inner_.head(name); }
  void remove(const std::string& name) override { inner_.remove(name); }
  void remove_all(std::span<const std::string> names) override { inner_.remove_all(names); }
  std::string address() const override { return inner_.address(); }
  unsigned connections() const override { return connections_; }

private:
  std::unique_ptr<ObjectStore> owned_; // or none
  ObjectStore& inner_;
  const unsigned connections_;
};

} // namespace

std::unique_ptr<storage::ObjectStore> far_away(std::unique_ptr<storage::ObjectStore> store,
                                               unsigned connections) {
  return std::make_unique<FarStore>(std::move(store), connections);
}

std::unique_ptr<storage::ObjectStore> far_away(storage::ObjectStore& store, unsigned connections) {
  return std::make_unique<FarStore>(store, connections);
}

} // namespace intendance::test
