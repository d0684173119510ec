// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>

namespace intendance::core {

// Nanoseconds since 1970-01-01T00:00:00Z.
using TimePoint = std::chrono::sys_time<std::chrono::nanoseconds>;

// The seam through which time comes in. Any thread may call it.
class Clock {
public:
  virtual ~Clock() = default;
  virtual TimePoint now() const = 0;
  // Returns at `when`, or at once when `stop` is requested. A clock that is set while waiting is
  // noticed within a minute.
  virtual void sleep_until(TimePoint when, std::stop_token stop) = 0;
};

// The machine's own clock; lives as long as the program.
Clock& system_clock();

// Stands still until it is told to move: for tests.
class ManualClock : public Clock {
public:
  explicit ManualClock(TimePoint start);
  ~ManualClock() override;
  TimePoint now() const override;
  void sleep_until(TimePoint when, std::stop_token stop) override;
  void advance(std::chrono::nanoseconds by);

private:
  struct State;
  std::unique_ptr<State> state_;
};

double seconds_since_epoch(TimePoint time);

// "2026-11-23T02:15:31Z" and back; parse throws Error on anything else.
std::string format_utc(TimePoint time);
TimePoint parse_utc(const std::string& text);

} // namespace intendance::core
