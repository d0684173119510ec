// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/calendar.hpp"

#include "core/error.hpp"

#include <date/tz.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ctime>
#include <optional>
#include <vector>

namespace intendance::core {

using std::chrono::days;
using std::chrono::floor;
using std::chrono::seconds;
using std::chrono::sys_days;

std::string format_date(Date date) {
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

namespace {

// Digits only, of exactly this many characters.
std::optional<unsigned> digits(std::string_view text, std::size_t count) {
  unsigned value = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, value);
  if (text.size() != count || result.ec != std::errc() || result.ptr != end) return std::nullopt;
  return value;
}

std::optional<seconds> time_of_day(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return std::nullopt;
  const auto hour = digits(text.substr(0, 2), 2);
  const auto minute = digits(text.substr(3), 2);
  if (!hour || !minute || *hour > 23 || *minute > 59) return std::nullopt;
  return std::chrono::hours(*hour) + std::chrono::minutes(*minute);
}

std::optional<std::chrono::weekday> weekday(std::string_view text) {
  static constexpr std::array<std::string_view, 7> names = {"sun", "mon", "tue", "wed",
                                                            "thu", "fri", "sat"};
  const auto found = std::find(names.begin(), names.end(), text);
  if (found == names.end()) return std::nullopt;
  return std::chrono::weekday(static_cast<unsigned>(found - names.begin()));
}

std::optional<seconds> period(std::string_view text) {
  if (text.size() < 2 || text.size() > 5) return std::nullopt;
  const auto count = digits(text.substr(0, text.size() - 1), text.size() - 1);
  const auto unit = text.back() == 'm'   ? seconds(60)
                    : text.back() == 'h' ? seconds(3600)
                                         : seconds(0);
  const auto whole = count ? unit * *count : seconds(0);
  // A period that does not divide the day would drift over midnight.
  if (whole.count() <= 0 || seconds(days(1)) % whole != seconds(0)) return std::nullopt;
  return whole;
}

std::vector<std::string_view> words(std::string_view text) {
  std::vector<std::string_view> found;
  while (!text.empty()) {
    const auto end = std::min(text.find(' '), text.size());
    if (end > 0) found.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return found;
}

const date::time_zone* zone_of(const void* pointer) {
  return static_cast<const date::time_zone*>(pointer);
}

} // namespace

Date parse_date(std::string_view text) {
  if (text.size() == 10 && text[4] == '-' && text[7] == '-') {
    const auto year = digits(text.substr(0, 4), 4);
    const auto month = digits(text.substr(5, 2), 2);
    const auto day = digits(text.substr(8, 2), 2);
    if (year && month && day) {
      const Date date{std::chrono::year(static_cast<int>(*year)), std::chrono::month(*month),
                      std::chrono::day(*day)};
      if (date.ok()) return date;
    }
  }
  throw Error("\"" + std::string(text) + "\" is not a day like 2026-11-23");
}

TimeZone TimeZone::named(const std::string& name) {
  try {
    return TimeZone(date::locate_zone(name));
  } catch (const std::exception&) {
    throw ConfigError("\"" + name +
                      "\" is not a time zone like America/Toronto (is tzdata installed?)");
  }
}

TimeZone TimeZone::local() {
  const char* name = std::getenv("TZ");
  if (name != nullptr && *name != '\0') return named(*name == ':' ? name + 1 : name);
  return TimeZone();
}

seconds TimeZone::offset(TimePoint time) const {
  if (zone_ == nullptr) {
    const auto count = static_cast<std::time_t>(floor<seconds>(time).time_since_epoch().count());
    std::tm broken_down{};
    ::localtime_r(&count, &broken_down);
    return seconds(broken_down.tm_gmtoff);
  }
  return zone_of(zone_)->get_info(floor<seconds>(time)).offset;
}

Date TimeZone::date(TimePoint time) const { return Date(floor<days>(time + offset(time))); }

std::string TimeZone::format(TimePoint time) const {
  auto text = format_utc(time + offset(time));
  text[10] = ' ';
  text.pop_back();
  return text;
}

TimePoint TimeZone::moment(Date date, seconds time_of_day) const {
  const TimePoint wall = sys_days(date) + time_of_day; // as if it were UTC
  const auto before = offset(wall - days(1)), after = offset(wall + days(1));
  const auto [least, most] = std::minmax(before, after);
  for (const auto each : {most, least}) {
    if (offset(wall - each) == each) return wall - each;
  }
  auto within = wall - most, behind = wall - least; // the offset changes between them
  while (behind - within > seconds(1)) {
    const auto middle = within + floor<seconds>((behind - within) / 2);
    (offset(middle) == before ? within : behind) = middle;
  }
  return behind;
}

Schedule Schedule::parse(std::string_view text) {
  const auto parts = words(text);
  const auto kind = parts.empty() ? std::string_view() : parts[0];
  const auto last = parts.empty() ? std::string_view() : parts.back();
  std::optional<Rule> rule;
  if (kind == "hourly" && parts.size() == 1) {
    rule = Every{std::chrono::hours(1)};
  } else if (kind == "every" && parts.size() == 2) {
    if (const auto every = period(last)) rule = Every{*every};
  } else if (kind == "daily" && parts.size() == 2) {
    if (const auto at = time_of_day(last)) rule = Daily{*at};
  } else if (kind == "weekly" && parts.size() == 3) {
    const auto at = time_of_day(last);
    const auto day = weekday(parts[1]);
    if (at && day) rule = Weekly{*day, *at};
  } else if (kind == "monthly" && parts.size() == 3) {
    const auto at = time_of_day(last);
    const auto day = digits(parts[1], parts[1].size());
    if (at && day && *day >= 1 && *day <= 31) rule = Monthly{*day, *at};
  }
  if (!rule) {
    throw ConfigError(
        "\"" + std::string(text) +
        "\" is not a schedule\n  allowed: hourly · daily HH:MM · weekly "
        "sun|mon|tue|wed|thu|fri|sat HH:MM · monthly DAY HH:MM · every 15m|6h (a part "
        "of a day)");
  }
  return Schedule(*rule, std::string(text));
}

namespace {

Date day_of_month(std::chrono::year_month month, unsigned day) {
  const auto last = static_cast<unsigned>((month / std::chrono::last).day());
  return month / std::chrono::day(std::min(day, last));
}

// The first of `candidate(0)`, `candidate(1)`… that lies after `after`. The days before a local day
// are tried too, because a time in a gap or far from UTC may belong to another UTC day.
template <class Candidate>
TimePoint first_after(TimePoint after, Candidate&& candidate) {
  for (int step = -1;; ++step) {
    if (const TimePoint moment = candidate(step); moment > after) return moment;
  }
}

} // namespace

TimePoint Schedule::next(TimePoint after, const TimeZone& zone) const {
  const auto today = sys_days(zone.date(after));
  if (const auto* every = std::get_if<Every>(&rule_)) {
    const auto periods = floor<seconds>(after).time_since_epoch() / every->period;
    return TimePoint(every->period * (periods + 1));
  }
  if (const auto* daily = std::get_if<Daily>(&rule_)) {
    return first_after(after, [&](int step) { return zone.moment(today + days(step), daily->at); });
  }
  if (const auto* weekly = std::get_if<Weekly>(&rule_)) {
    const auto this_week = today + (weekly->day - std::chrono::weekday(today));
    return first_after(
        after, [&](int step) { return zone.moment(this_week + days(7 * step), weekly->at); });
  }
  const auto& monthly = std::get<Monthly>(rule_);
  const Date date(today);
  const auto this_month = date.year() / date.month();
  return first_after(after, [&](int step) {
    return zone.moment(day_of_month(this_month + std::chrono::months(step), monthly.day),
                       monthly.at);
  });
}

} // namespace intendance::core
