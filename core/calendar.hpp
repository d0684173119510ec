// SPDX-License-Identifier: AGPL-3.0-or-later
// Days, local time and the schedules of jobs. Schedules are in local time; on the night when clocks
// change, a run is neither skipped nor done twice.
#pragma once

#include "core/clock.hpp"

#include <chrono>
#include <string>
#include <string_view>
#include <variant>

namespace intendance::core {

using Date = std::chrono::year_month_day;

std::string format_date(Date date);     // 2026-11-23
Date parse_date(std::string_view text); // throws Error: not a day of the calendar

// A zone of the system's tz database.
class TimeZone {
public:
  static TimeZone named(const std::string& name); // throws ConfigError
  static TimeZone local();                        // TZ, or /etc/localtime

  Date date(TimePoint time) const;
  std::chrono::seconds offset(TimePoint time) const;
  // "2026-11-23 02:15:31", as the wall clock shows it.
  std::string format(TimePoint time) const;
  // The moment that the wall clock shows `time_of_day` on `date`. In a gap: the first moment after
  // it. When it shows it twice: the first time.
  TimePoint moment(Date date, std::chrono::seconds time_of_day) const;

private:
  TimeZone() = default;
  explicit TimeZone(const void* zone) : zone_(zone) {}
  // date::time_zone, which lives as long as the program. Null for the machine's own, which the C
  // library knows by one file, when date would read the whole database of zones first.
  const void* zone_ = nullptr;
};

// When a job runs: hourly · daily HH:MM · weekly DAY HH:MM · monthly DAY HH:MM · every 15m|6h
class Schedule {
public:
  struct Every {
    std::chrono::seconds period;
  }; // aligned to midnight UTC
  struct Daily {
    std::chrono::seconds at;
  };
  struct Weekly {
    std::chrono::weekday day;
    std::chrono::seconds at;
  };
  struct Monthly {
    unsigned day;
    std::chrono::seconds at;
  }; // the month's last day when it is shorter

  static Schedule parse(std::string_view text); // throws ConfigError that names what is allowed

  // The first moment strictly after `after`.
  TimePoint next(TimePoint after, const TimeZone& zone) const;
  const std::string& text() const { return text_; }

private:
  using Rule = std::variant<Every, Daily, Weekly, Monthly>;
  Schedule(Rule rule, std::string text) : rule_(rule), text_(std::move(text)) {}
  Rule rule_;
  std::string text_;
};

} // namespace intendance::core
