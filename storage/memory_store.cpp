// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "core/synchronized.hpp"
#include "storage/object_store.hpp"

#include <algorithm>
#include <map>

namespace intendance::storage {

namespace {

struct Object {
  core::Buffer bytes;
  core::TimePoint modified;
};

class MemoryStore final : public ObjectStore {
public:
  void put(const std::string& name, const Content& content) override {
    check_object_name(name);
    Object object{core::Buffer(content.size()), core::system_clock().now()};
    content.read(0, object.bytes);
    objects_.with([&](auto& objects) {
      if (!objects.emplace(name, std::move(object)).second)
        throw core::Error(name + ": is already there");
    });
  }

  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    return find(name, [&](const Object& object) {
      if (object.bytes.size() > most) throw core::CorruptData(name + ": is longer than it may be");
      return object.bytes;
    });
  }

  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    const auto found = find(name, [&](const Object& object) {
      if (offset > object.bytes.size() || into.size() > object.bytes.size() - offset) {
        throw core::CorruptData(name + ": ends before what was asked of it");
      }
      const auto part = core::ByteView(object.bytes).subspan(offset, into.size());
      std::copy(part.begin(), part.end(), into.begin());
      return true;
    });
    return found.has_value();
  }

  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    std::vector<ObjectInfo> found;
    objects_.with([&](const auto& objects) {
      for (auto each = objects.lower_bound(prefix); each != objects.end(); ++each) {
        if (!each->first.starts_with(prefix)) break;
        found.push_back({each->first, each->second.bytes.size(), each->second.modified});
      }
    });
    for (const auto& info : found) visit(info);
  }

  std::optional<ObjectInfo> head(const std::string& name) override {
    return find(name, [&](const Object& object) {
      return ObjectInfo{name, object.bytes.size(), object.modified};
    });
  }

  void remove(const std::string& name) override {
    check_object_name(name);
    objects_.with([&](auto& objects) { objects.erase(name); });
  }

  std::string address() const override { return "memory:"; }

private:
  template <class Use>
  auto find(const std::string& name, Use&& use)
      -> std::optional<decltype(use(std::declval<const Object&>()))> {
    check_object_name(name);
    return objects_.with(
        [&](const auto& objects) -> std::optional<decltype(use(std::declval<const Object&>()))> {
          const auto found = objects.find(name);
          if (found == objects.end()) return std::nullopt;
          return use(found->second);
        });
  }

  core::Synchronized<std::map<std::string, Object>> objects_;
};

} // namespace

std::unique_ptr<ObjectStore> make_memory_store() { return std::make_unique<MemoryStore>(); }

} // namespace intendance::storage
