// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/limited_store.hpp"

#include "core/error.hpp"
#include "core/synchronized.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <condition_variable>
#include <mutex>

namespace intendance::storage {

namespace {

using core::TimePoint;
using std::chrono::nanoseconds;

// Holds at most one second's worth. A taker may overdraw it and then waits until the debt is paid,
// so that what is larger than the bucket passes too.
class TokenBucket {
public:
  TokenBucket(std::uint64_t rate, core::Clock& clock)
      : rate_(std::clamp<std::uint64_t>(rate, 1, highest_rate)), clock_(clock),
        paid_until_(clock.now()) {}

  void take(std::uint64_t bytes, std::stop_token stop) {
    const auto now = clock_.now();
    const auto until = paid_until_.with([&](TimePoint& paid_until) {
      // A clock that was set back must not make anybody wait for longer than what was taken.
      paid_until = std::clamp(paid_until, now - second, now + longest_debt);
      paid_until += cost(bytes);
      return paid_until;
    });
    if (until <= now) return;
    clock_.sleep_until(until, stop);
    if (stop.stop_requested())
      throw core::Cancelled("stopped while waiting for the bandwidth limit");
  }

private:
  static constexpr std::uint64_t highest_rate = std::uint64_t{1} << 40;
  static constexpr nanoseconds second = std::chrono::seconds(1);
  static constexpr nanoseconds longest_debt = std::chrono::hours(1);

  nanoseconds cost(std::uint64_t bytes) const {
    const auto whole = bytes / rate_;
    const auto rest = static_cast<long double>(bytes % rate_) / static_cast<long double>(rate_);
    return std::chrono::seconds(std::min<std::uint64_t>(whole, 3600)) +
           nanoseconds(static_cast<std::int64_t>(rest * 1e9L));
  }

  std::uint64_t rate_; // bytes a second
  core::Clock& clock_;
  core::Synchronized<TimePoint> paid_until_;
};

// Waits for each part of it that is read.
class LimitedContent final : public Content {
public:
  LimitedContent(const Content& inner, TokenBucket& bucket, std::stop_token stop)
      : inner_(inner), bucket_(bucket), stop_(std::move(stop)) {}
  std::uint64_t size() const override { return inner_.size(); }
  void read(std::uint64_t offset, std::span<std::uint8_t> into) const override {
    bucket_.take(into.size(), stop_);
    inner_.read(offset, into);
  }

private:
  const Content& inner_;
  TokenBucket& bucket_;
  std::stop_token stop_;
};

class LimitedStore : public ObjectStore {
public:
  LimitedStore(ObjectStore& inner, const BandwidthLimits& limits, core::Clock& clock,
               std::stop_token stop)
      : inner_(inner), stop_(std::move(stop)) {
    if (limits.put) puts_.emplace(*limits.put, clock);
    if (limits.get) gets_.emplace(*limits.get, clock);
  }

  void put(const std::string& name, const Content& content) override {
    if (!puts_) return inner_.put(name, content);
    inner_.put(name, LimitedContent(content, *puts_, stop_));
  }

  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    if (!gets_) return inner_.get(name, most);
    auto bytes = inner_.get(name, most);
    if (bytes) gets_->take(bytes->size(), stop_); // its size is not known before
    return bytes;
  }

  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    if (gets_ && !into.empty()) gets_->take(into.size(), stop_);
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
  ObjectVersions* versions() override { return inner_.versions(); }
  unsigned connections() const override { return inner_.connections(); }
  // No spool_folder(): what is spooled there becomes an object unread, and no limit would hold.

private:
  ObjectStore& inner_;
  std::stop_token stop_;
  std::optional<TokenBucket> puts_, gets_;
};

// Time goes on evenly, whoever sets the machine's clock meanwhile.
class SteadyClock final : public core::Clock {
public:
  TimePoint now() const override {
    return TimePoint(std::chrono::steady_clock::now().time_since_epoch());
  }
  void sleep_until(TimePoint when, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    wake.wait_for(lock, stop, when - now(), [] { return false; });
  }
};

// Owns what a LimitedStore only looks at.
struct Owned {
  std::unique_ptr<ObjectStore> store;
  SteadyClock clock;
};
class OwningLimitedStore final : private Owned, public LimitedStore {
public:
  OwningLimitedStore(std::unique_ptr<ObjectStore> inner, const BandwidthLimits& limits,
                     std::stop_token stop)
      : Owned{std::move(inner), {}}, LimitedStore(*Owned::store, limits, clock, std::move(stop)) {}
};

struct Unit {
  std::string_view name;
  std::uint64_t bytes;
};
constexpr std::array<Unit, 9> units = {{{"", 1},
                                        {"B", 1},
                                        {"kB", 1'000},
                                        {"MB", 1'000'000},
                                        {"GB", 1'000'000'000},
                                        {"KiB", std::uint64_t{1} << 10},
                                        {"MiB", std::uint64_t{1} << 20},
                                        {"GiB", std::uint64_t{1} << 30},
                                        {"TB", 1'000'000'000'000}}};

// 0 when it is none.
std::uint64_t byte_size(std::string_view text) {
  std::uint64_t count = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, count);
  if (result.ec != std::errc()) return 0;
  const auto name = text.substr(static_cast<std::size_t>(result.ptr - text.data()));
  for (const auto& unit : units) {
    if (unit.name == name && count <= UINT64_MAX / unit.bytes) return count * unit.bytes;
  }
  return 0;
}

} // namespace

std::uint64_t parse_byte_size(std::string_view text) {
  if (const auto size = byte_size(text)) return size;
  throw core::ConfigError("\"" + std::string(text) +
                          "\" is not a size\n  allowed: a whole number above 0 of B · kB · MB · GB "
                          "· TB · KiB · MiB · GiB, like 10GB");
}

std::uint64_t parse_byte_rate(std::string_view text) {
  const auto rate = text.ends_with("/s") ? byte_size(text.substr(0, text.size() - 2)) : 0;
  if (rate > 0) return rate;
  throw core::ConfigError(
      "\"" + std::string(text) +
      "\" is not a bandwidth\n  allowed: a whole number above 0 of B/s · kB/s · "
      "MB/s · GB/s · KiB/s · MiB/s · GiB/s, like 2MiB/s");
}

std::unique_ptr<ObjectStore> limit_bandwidth(ObjectStore& inner, const BandwidthLimits& limits,
                                             core::Clock& clock, std::stop_token stop) {
  return std::make_unique<LimitedStore>(inner, limits, clock, std::move(stop));
}

std::unique_ptr<ObjectStore> limit_bandwidth(std::unique_ptr<ObjectStore> inner,
                                             const BandwidthLimits& limits, std::stop_token stop) {
  if (!limits.any()) return inner;
  return std::make_unique<OwningLimitedStore>(std::move(inner), limits, std::move(stop));
}

} // namespace intendance::storage
