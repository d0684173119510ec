// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/swift_store.hpp"

#include "core/error.hpp"
#include "core/md5.hpp"
#include "storage/http_objects.hpp"
#include "storage/swift_answers.hpp"
#include "storage/swift_removals.hpp"
#include "storage/swift_upload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <thread>
#include <type_traits>

namespace intendance::storage {

namespace {

constexpr std::uint64_t longest_put = std::uint64_t{128} << 20; // as one object without segments
constexpr unsigned most_connections = 12; // of one program: a store counts requests
constexpr std::uint64_t most_refusal = std::uint64_t{64} << 10;
constexpr std::size_t most_in_bulk = 1000; // Swift takes 10000, in a request of minutes

class SwiftStore final : public ObjectStore {
public:
  SwiftStore(SwiftPlace place, KeystoneIdentity identity, core::Clock& clock, std::stop_token stop)
      : container_(std::move(place), std::move(identity), clock, std::move(stop)) {}

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override {
    check_object_name(name);
    core::with_context("storing " + name + " in " + address(), [&] {
      if (find(name, Replicas::any)) throw core::Error("there is an object of that name");
      if (content.size() <= longest_put)
        put_object(container_, name, content);
      else
        put_large_object(container_, name, content);
    });
  }

  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    return on(name, [&]() -> std::optional<core::Buffer> {
      auto request = container_.request("GET", name);
      request.call.most_body = std::max(most, most_refusal);
      const auto reply = container_.send(std::move(request));
      if (container_.is_absent(reply)) return std::nullopt;
      container_.want_success(reply);
      if (reply.body_size > most || reply.body_cut)
        throw core::CorruptData("is longer than it may be");
      const auto bytes = core::as_bytes(reply.body);
      // That of a large object is of its segments' tags.
      if (!is_large_object(reply) && swift_etag(reply) != core::to_hex(core::Md5::of(bytes)))
        throw core::CorruptData("comes as other bytes than were stored: the network, a proxy or "
                                "memory may be failing");
      return core::Buffer(bytes.begin(), bytes.end());
    });
  }

  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return on(name, [&] {
      if (into.empty() || offset > UINT64_MAX - into.size())
        return reaches(find(name, Replicas::any), offset, into.size());
      const Range range{offset, into.size()};
      auto request = container_.request("GET", name);
      request.call.headers = {{"range", range.header()}};
      request.call.into = into;
      const auto reply = container_.send(std::move(request));
      if (container_.is_absent(reply)) return false;
      range.want_whole(reply, [&] { container_.want_success(reply); });
      return true;
    });
  }

  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    const auto listing = "listing " + prefix + " in " + address();
    const bool doubtful =
        core::with_context(listing, [&] { return removals_.may_be_listed(prefix); });
    std::string marker;
    for (;;) {
      auto part = core::with_context(listing, [&] {
        return list_part(container_, container_.place().prefix + prefix, marker);
      });
      if (part.empty()) return;
      marker = part.back().name;
      core::with_context(listing, [&] {
        keep_objects(part);
        if (doubtful) drop_removed(part);
      });
      for (const auto& info : part) visit(info);
    }
  }

  std::optional<ObjectInfo> head(const std::string& name) override {
    return on(name, [&] { return find(name, Replicas::newest); });
  }

  void remove(const std::string& name) override {
    check_object_name(name);
    core::with_context("removing " + name + " from " + address(), [&] {
      const auto there = container_.send(container_.request("HEAD", name));
      if (container_.is_absent(there)) return;
      container_.want_success(there);
      removals_.note(name);
      if (is_large_object(there)) return remove_large_object(container_, name);
      const auto reply = container_.send(container_.request("DELETE", name));
      if (!container_.is_absent(reply)) container_.want_success(reply);
    });
  }

  void remove_all(std::span<const std::string> names) override {
    if (names.size() < 2) return ObjectStore::remove_all(names);
    for (const auto& name : names) check_object_name(name);
    const auto large = core::with_context("removing objects from " + address(),
                                          [&] { return large_objects(container_); });
    std::vector<std::string> whole;
    for (const auto& name : names) {
      if (large.contains(name))
        remove(name);
      else
        whole.push_back(name);
    }
    for (std::size_t at = 0; at < whole.size(); at += most_in_bulk) {
      const auto batch = std::span(whole).subspan(at, std::min(most_in_bulk, whole.size() - at));
      if (!remove_in_bulk(batch)) ObjectStore::remove_all(batch); // one by one, and says what fails
    }
  }

  std::string address() const override { return container_.address(); }
  unsigned connections() const override { return most_connections; }

private:
  template <class Ask>
  std::invoke_result_t<Ask> on(const std::string& name, Ask&& ask) {
    check_object_name(name);
    return core::with_context(name + " in " + address(), ask);
  }

  // Of a store that keeps several copies: the first that answers, or what the newest says.
  enum class Replicas { any, newest };

  std::optional<ObjectInfo> find(const std::string& name, Replicas replicas) {
    auto request = container_.request("HEAD", name);
    if (replicas == Replicas::newest) request.call.headers = {{"x-newest", "true"}};
    const auto reply = container_.send(std::move(request));
    if (container_.is_absent(reply)) return std::nullopt;
    container_.want_success(reply);
    return read_swift_head(name, reply);
  }

  // Names without the prefix; what is the store's own begins with a dot.
  void keep_objects(std::vector<ObjectInfo>& part) const {
    const auto& prefix = container_.place().prefix;
    for (auto& info : part) info.name.erase(0, std::min(prefix.size(), info.name.size()));
    std::erase_if(
        part, [](const ObjectInfo& info) { return info.name.empty() || info.name.front() == '.'; });
  }

  void drop_removed(std::vector<ObjectInfo>& part) {
    std::vector<char> gone(part.size());
    std::atomic<std::size_t> next = 0;
    core::Synchronized<std::exception_ptr> failure;
    {
      std::vector<std::jthread> threads;
      const auto count = std::min<std::size_t>(most_connections, part.size());
      for (std::size_t each = 0; each < count; ++each) {
        threads.emplace_back([&] {
          try {
            for (auto at = next++; at < part.size(); at = next++)
              gone[at] = find(part[at].name, Replicas::newest) ? 0 : 1;
          } catch (...) {
            next = part.size();
            failure.set(std::current_exception());
          }
        });
      }
    }
    if (const auto why = failure.copy()) std::rethrow_exception(why);
    std::vector<ObjectInfo> kept;
    for (std::size_t at = 0; at < part.size(); ++at) {
      if (gone[at] == 0) kept.push_back(std::move(part[at]));
    }
    part = std::move(kept);
  }

  // Whether all of them are gone.
  bool remove_in_bulk(std::span<const std::string> names) {
    if (!knows_bulk_) return false;
    return core::with_context("removing objects from " + address(), [&] {
      auto request = container_.account_request("POST");
      request.query = {{"bulk-delete", ""}};
      request.call.headers = {{"content-type", "text/plain"}, {"accept", "application/json"}};
      for (const auto& name : names) {
        removals_.note(name);
        request.call.body += encode_path(container_.path_of(name)) + "\n";
      }
      const auto reply = container_.send(std::move(request));
      if (reply.status == 429 || reply.status >= 500) container_.want_success(reply);
      // A server without it takes this for something else, and may be content with it.
      const auto result = reply.status == 200 ? read_swift_bulk(reply.body) : std::nullopt;
      if (!result) knows_bulk_ = false;
      return result && result->status.starts_with("2") &&
             result->deleted + result->absent == names.size();
    });
  }

  SwiftContainer container_;
  SwiftRemovals removals_{container_};
  std::atomic<bool> knows_bulk_ = true;
};

} // namespace

SwiftPlace SwiftPlace::parse(const std::string& url) {
  auto place = parse_http_place(url, "swift");
  if (!place) {
    throw core::ConfigError("\"" + url +
                            "\" is not an address of a container\n  allowed: "
                            "swift://HOST[:PORT]/CONTAINER[/PREFIX]");
  }
  return {std::move(place->origin), std::move(place->top), std::move(place->prefix)};
}

std::unique_ptr<ObjectStore> open_swift_store(SwiftPlace place, KeystoneIdentity identity,
                                              core::Clock& clock, std::stop_token stop) {
  return std::make_unique<SwiftStore>(std::move(place), std::move(identity), clock,
                                      std::move(stop));
}

} // namespace intendance::storage
