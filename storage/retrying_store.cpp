// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/retrying_store.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

#include <algorithm>
#include <atomic>
#include <type_traits>

namespace intendance::storage {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t comparing_step = std::size_t{4} << 20;

// Between half of it and all of it.
milliseconds jittered(milliseconds wait) {
  const auto bytes = core::random_bytes(2);
  const auto part = bytes[0] | static_cast<unsigned>(bytes[1]) << 8;
  return wait / 2 + wait / 2 * part / 0xffff;
}

class RetryingStore final : public ObjectStore {
public:
  RetryingStore(std::unique_ptr<ObjectStore> inner, const RetryPolicy& policy, core::Clock& clock,
                std::stop_token stop)
      : inner_(std::move(inner)), policy_(policy), clock_(clock), stop_(std::move(stop)) {}

  using ObjectStore::put;
  void put(const std::string& name, const Content& content) override {
    bool tried = false;
    again(name, [&] {
      if (std::exchange(tried, true) && inner_->head(name)) return compare(name, content);
      inner_->put(name, content);
    });
  }
  std::optional<core::Buffer> get(const std::string& name, std::uint64_t most) override {
    return again(name, [&] { return inner_->get(name, most); });
  }
  bool read(const std::string& name, std::uint64_t offset, std::span<std::uint8_t> into) override {
    return again(name, [&] { return inner_->read(name, offset, into); });
  }
  // What was visited already is not visited again: a listing is in the order of names.
  void list(const std::string& prefix,
            const std::function<void(const ObjectInfo&)>& visit) override {
    std::string last;
    again(prefix, [&] {
      inner_->list(prefix, [&](const ObjectInfo& info) {
        if (!last.empty() && info.name <= last) return;
        last = info.name;
        visit(info);
      });
    });
  }
  std::optional<ObjectInfo> head(const std::string& name) override {
    return again(name, [&] { return inner_->head(name); });
  }
  void remove(const std::string& name) override {
    again(name, [&] { inner_->remove(name); });
  }
  void remove_all(std::span<const std::string> names) override {
    if (names.empty()) return;
    again(names.front(), [&] { inner_->remove_all(names); });
  }
  std::string address() const override { return inner_->address(); }
  ObjectVersions* versions() override { return inner_->versions(); }
  unsigned connections() const override { return inner_->connections(); }
  std::optional<std::filesystem::path> spool_folder() const override {
    return inner_->spool_folder();
  }

private:
  template <class Call>
  std::invoke_result_t<Call> again(const std::string& what, Call&& call) {
    auto wait = policy_.first_wait;
    for (unsigned attempt = 1;; ++attempt) {
      std::optional<milliseconds> asked;
      try {
        return reaching(call);
      } catch (const core::TransientError& error) {
        if (attempt >= (reached_ ? policy_.attempts : policy_.attempts_at_first)) throw;
        asked = error.retry_after;
        tell(what, attempt, error);
      }
      pause(asked ? std::min(*asked, policy_.longest_wait) : jittered(wait));
      wait = std::min(2 * wait, policy_.longest_wait);
    }
  }

  template <class Call>
  std::invoke_result_t<Call> reaching(Call&& call) {
    if constexpr (std::is_void_v<std::invoke_result_t<Call>>) {
      call();
      reached_ = true;
    } else {
      auto result = call();
      reached_ = true;
      return result;
    }
  }

  static void tell(const std::string& what, unsigned attempt, const core::TransientError& error) {
    constexpr unsigned remarkable = 3; // one that failed once is nothing to tell at night
    core::log::write(
        attempt >= remarkable ? core::log::Level::warning : core::log::Level::debug,
        "a request to the repository failed, trying again",
        {{"object", what}, {"attempt", std::to_string(attempt)}, {"reason", error.what()}});
  }

  void pause(milliseconds wait) {
    clock_.sleep_until(clock_.now() + wait, stop_);
    if (stop_.stop_requested()) throw core::Cancelled("stopped as asked");
  }

  // The put before may have been done and only its answer lost.
  void compare(const std::string& name, const Content& content) {
    core::Buffer stored, wanted;
    for (std::uint64_t at = 0; at < content.size();) {
      const auto step = std::min<std::uint64_t>(comparing_step, content.size() - at);
      const auto there = core::room_in(stored, step), ours = core::room_in(wanted, step);
      content.read(at, ours);
      if (!inner_->read(name, at, there) || !std::equal(ours.begin(), ours.end(), there.begin()))
        throw core::Error(name + " in " + address() + ": there is another object of that name");
      at += step;
    }
    const auto info = inner_->head(name);
    if (!info || info->size != content.size())
      throw core::Error(name + " in " + address() + ": there is another object of that name");
  }

  std::unique_ptr<ObjectStore> inner_;
  const RetryPolicy policy_;
  core::Clock& clock_;
  const std::stop_token stop_;
  std::atomic<bool> reached_ = false; // whether a call has ever succeeded
};

} // namespace

std::unique_ptr<ObjectStore> retrying(std::unique_ptr<ObjectStore> inner, const RetryPolicy& policy,
                                      core::Clock& clock, std::stop_token stop) {
  return std::make_unique<RetryingStore>(std::move(inner), policy, clock, std::move(stop));
}

} // namespace intendance::storage
