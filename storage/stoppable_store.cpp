// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/stoppable_store.hpp"

#include "core/error.hpp"

namespace intendance::storage {

namespace {

class StoppableStore final : public ObjectStore {
public:
  StoppableStore(std::unique_ptr<ObjectStore> inner, std::stop_token stop)
      : inner_(std::move(inner)), stop_(std::move(stop)) {}

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override {
    check();
    inner_->put(name, content);
  }
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    check();
    return inner_->get(name, most);
  }
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    check();
    return inner_->read(name, offset, into);
  }
  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    check();
    inner_->list(prefix, [&](const ObjectInfo& info) {
      check();
      visit(info);
    });
  }
  std::optional<ObjectInfo> head(const std::string& name) override {
    check();
    return inner_->head(name);
  }
  void remove(const std::string& name) override {
    check();
    inner_->remove(name);
  }
  void remove_all(std::span<const std::string> names) override {
    check();
    inner_->remove_all(names);
  }
  std::string address() const override { return inner_->address(); }
  ObjectVersions* versions() override { return inner_->versions(); }
  unsigned connections() const override { return inner_->connections(); }
  std::optional<std::filesystem::path> spool_folder() const override {
    return inner_->spool_folder();
  }

private:
  void check() const {
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
  }

  std::unique_ptr<ObjectStore> inner_;
  std::stop_token stop_;
};

} // namespace

std::unique_ptr<ObjectStore> stoppable(std::unique_ptr<ObjectStore> inner, std::stop_token stop) {
  return std::make_unique<StoppableStore>(std::move(inner), std::move(stop));
}

} // namespace intendance::storage
