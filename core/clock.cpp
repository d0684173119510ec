// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/clock.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <cstdio>
#include <mutex>

namespace intendance::core {

namespace {

class SystemClock final : public Clock {
public:
  TimePoint now() const override { return std::chrono::system_clock::now(); }

  void sleep_until(TimePoint when, std::stop_token stop) override {
    std::mutex mutex;
    std::condition_variable_any wake;
    std::unique_lock lock(mutex);
    while (!stop.stop_requested()) {
      const auto left = when - now();
      if (left <= left.zero()) return;
      // In steps, because the wall clock may be set while the steady one runs on.
      wake.wait_for(lock, stop, std::min<std::chrono::nanoseconds>(left, std::chrono::minutes(1)),
                    [] { return false; });
    }
  }
};

} // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

struct ManualClock::State {
  mutable std::mutex mutex;
  std::condition_variable_any moved;
  TimePoint now;
};

ManualClock::ManualClock(TimePoint start) : state_(std::make_unique<State>()) {
  state_->now = start;
}
ManualClock::~ManualClock() = default;

TimePoint ManualClock::now() const {
  std::scoped_lock lock(state_->mutex);
  return state_->now;
}

void ManualClock::sleep_until(TimePoint when, std::stop_token stop) {
  std::unique_lock lock(state_->mutex);
  state_->moved.wait(lock, stop, [&] { return state_->now >= when; });
}

void ManualClock::advance(std::chrono::nanoseconds by) {
  {
    std::scoped_lock lock(state_->mutex);
    state_->now += by;
  }
  state_->moved.notify_all();
}

double seconds_since_epoch(TimePoint time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

std::string format_utc(TimePoint time) {
  const auto days = std::chrono::floor<std::chrono::days>(time);
  const std::chrono::year_month_day date(days);
  const std::chrono::hh_mm_ss clock(std::chrono::floor<std::chrono::seconds>(time - days));
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     clock.hours().count(), clock.minutes().count(), clock.seconds().count());
}

TimePoint parse_utc(const std::string& text) {
  int year = 0;
  unsigned month = 0, day = 0, hour = 0, minute = 0, second = 0;
  int used = 0;
  const int found = std::sscanf(text.c_str(), "%4d-%2u-%2uT%2u:%2u:%2uZ%n", &year, &month, &day,
                                &hour, &minute, &second, &used);
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(month),
                                         std::chrono::day(day)};
  if (found != 6 || static_cast<std::size_t>(used) != text.size() || !date.ok() || hour > 23 ||
      minute > 59 || second > 59) {
    throw Error("\"" + text + "\" is not a time like 2026-11-23T02:15:31Z");
  }
  return std::chrono::sys_days(date) + std::chrono::hours(hour) + std::chrono::minutes(minute) +
         std::chrono::seconds(second);
}

} // namespace intendance::core
