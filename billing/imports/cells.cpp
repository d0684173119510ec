// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/cells.hpp"

#include "billing/imports/csv.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace intendance::billing {
namespace {

using core::Error;

constexpr std::size_t most_digits = 6; // a million hours is far beyond any day

bool is_number(std::string_view text) {
  return !text.empty() && text.size() <= most_digits &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::int64_t to_number(std::string_view digits) {
  std::int64_t number = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  return number;
}

// Minutes of "H.FRACTION" hours; absent when no whole number of them is written so.
std::optional<std::int64_t> minutes_written(std::string_view whole, std::string_view fraction) {
  std::int64_t scale = 1;
  for (std::size_t index = 0; index < fraction.size(); ++index) scale *= 10;
  const auto value = to_number(whole) * scale + to_number(fraction);
  const auto minutes = proportion(value, 60, scale);
  if (proportion(minutes, scale, 60) != value) return std::nullopt;
  return minutes;
}

std::optional<Minutes> decimal_hours(std::string_view text) {
  if (text.ends_with('h') || text.ends_with('H')) {
    text.remove_suffix(1);
    text = trimmed(text);
  }
  const auto point = text.find_first_of(".,");
  const auto whole = text.substr(0, point);
  if (!is_number(whole)) return std::nullopt;
  if (point == std::string_view::npos) return Minutes(to_number(whole) * 60);
  const auto fraction = text.substr(point + 1);
  if (!is_number(fraction)) return std::nullopt;
  const auto minutes = minutes_written(whole, fraction);
  if (!minutes) {
    throw Error(
        fmt::format("\"{}\" hours are no whole number of minutes; write 1h20 or 1:20", text));
  }
  return Minutes(*minutes);
}

std::optional<Minutes> clock_hours(std::string_view text) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const auto hours = text.substr(0, colon);
  const auto minutes = text.substr(colon + 1);
  if (!is_number(hours) || !is_number(minutes) || minutes.size() != 2 || to_number(minutes) > 59) {
    return std::nullopt;
  }
  return Minutes(to_number(hours) * 60 + to_number(minutes));
}

// Three figures between slashes, points or dashes.
struct DayParts {
  std::array<std::string_view, 3> figures;
  char sign = '-';
};

std::optional<DayParts> parts_of(std::string_view text) {
  DayParts parts;
  const auto first = text.find_first_of("-/.");
  if (first == std::string_view::npos) return std::nullopt;
  parts.sign = text[first];
  const auto second = text.find(parts.sign, first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  parts.figures = {text.substr(0, first), text.substr(first + 1, second - first - 1),
                   text.substr(second + 1)};
  if (!std::all_of(parts.figures.begin(), parts.figures.end(), is_number)) return std::nullopt;
  return parts;
}

bool year_first(const DayParts& parts) { return parts.figures[0].size() == 4; }
bool year_last(const DayParts& parts) {
  return parts.figures[2].size() == 4 && parts.figures[0].size() <= 2 &&
         parts.figures[1].size() <= 2;
}

[[noreturn]] void fail_day(std::string_view text) {
  throw Error(fmt::format("\"{}\" is not a day; allowed: 2026-11-20 · 20/11/2026", text));
}

} // namespace

Minutes parse_hours(std::string_view text) {
  text = trimmed(text);
  if (text.starts_with('-') || text.starts_with("\u2212")) {
    throw Error(
        fmt::format("\"{}\" is negative; work that was not done is removed or corrected where it "
                    "was logged, and the next import takes it back here",
                    text));
  }
  if (const auto minutes = decimal_hours(text)) return *minutes;
  if (const auto minutes = clock_hours(text)) return *minutes;
  try {
    return parse_work(text);
  } catch (const Error&) {
    throw Error(fmt::format(
        "\"{}\" is not a duration of work; allowed: 1.5 · 1,5 · 1:30 · 1h30 · 90 min", text));
  }
}

std::optional<DayOrder> day_order_of(const std::vector<std::string_view>& texts) {
  bool day_first = false;
  bool month_first = false;
  for (const auto text : texts) {
    const auto parts = parts_of(text);
    if (!parts || !year_last(*parts)) continue;
    day_first = day_first || to_number(parts->figures[0]) > 12;
    month_first = month_first || to_number(parts->figures[1]) > 12;
  }
  if (day_first && month_first) {
    throw Error(
        "some days begin with the day and some with the month; write them all as 2026-11-20");
  }
  if (day_first) return DayOrder::day_first;
  if (month_first) return DayOrder::month_first;
  return std::nullopt;
}

Date parse_day(std::string_view text, std::optional<DayOrder> order) {
  const auto parts = parts_of(trimmed(text));
  if (!parts) fail_day(text);
  auto [year, month, day] = parts->figures;
  if (year_last(*parts)) {
    if (!order) {
      throw Error(
          fmt::format("\"{}\": which figure is the day? Say it in the map: days = \"day first\" or "
                      "\"month first\"",
                      text));
    }
    day = parts->figures[*order == DayOrder::day_first ? 0 : 1];
    month = parts->figures[*order == DayOrder::day_first ? 1 : 0];
    year = parts->figures[2];
  } else if (!year_first(*parts)) {
    fail_day(text);
  }
  const Date found = std::chrono::year(static_cast<int>(to_number(year))) /
                     std::chrono::month(static_cast<unsigned>(to_number(month))) /
                     std::chrono::day(static_cast<unsigned>(to_number(day)));
  if (!found.ok()) fail_day(text);
  return found;
}

} // namespace intendance::billing
