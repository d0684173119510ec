// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/cells.hpp"
#include "core/error.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <cstdio>

namespace intendance::billing {
namespace {

using testing::HasSubstr;

std::string refusal(const std::string& text) {
  try {
    return std::to_string(parse_hours(text).count());
  } catch (const core::Error& error) {
    return error.what();
  }
}

TEST(ParseHours, KnowsTheWaysOfWritingThem) {
  for (const auto& [text, minutes] : std::vector<std::pair<std::string, int>>{{"1.5", 90},
                                                                              {"1,5", 90},
                                                                              {"1:30", 90},
                                                                              {"1h30", 90},
                                                                              {"1 h 30 min", 90},
                                                                              {"90 min", 90},
                                                                              {"2", 120},
                                                                              {"2h", 120},
                                                                              {"1,25 h", 75},
                                                                              {"0", 0},
                                                                              {"0.00", 0},
                                                                              {"0:00", 0},
                                                                              {" 3.00 ", 180},
                                                                              {"0.1", 6},
                                                                              {"12:05", 725}}) {
    EXPECT_EQ(parse_hours(text).count(), minutes) << text;
  }
}

// As any program prints minutes in hours with so many decimals.
TEST(ParseHours, FindsTheMinutesThatADecimalStandsFor) {
  for (int minutes = 0; minutes <= 1440; ++minutes) {
    for (const int decimals : {2, 3, 4}) {
      char text[32];
      std::snprintf(text, sizeof text, "%.*f", decimals, minutes / 60.0);
      EXPECT_EQ(parse_hours(text).count(), minutes) << text;
    }
  }
  EXPECT_THAT(refusal("0.34"), HasSubstr("no whole number of minutes"));
  EXPECT_THAT(refusal("1.01"), HasSubstr("no whole number of minutes"));
  EXPECT_THAT(refusal("0.333333"), "20");
}

TEST(ParseHours, RefusesAllElse) {
  for (const std::string text :
       {"", "x", "1:5", "1:60", "=1+1", "1.5.2", "1e3", "1.", ".5", "99999999", "0x10"}) {
    EXPECT_THAT(refusal(text), HasSubstr("allowed: 1.5 · 1,5 · 1:30 · 1h30")) << text;
  }
  EXPECT_THAT(refusal("-1.5"), HasSubstr("is negative"));
  EXPECT_THAT(refusal("\u22121.5"), HasSubstr("is negative"));
}

std::string day(const std::string& text, std::optional<DayOrder> order = std::nullopt) {
  try {
    return core::format_date(parse_day(text, order));
  } catch (const core::Error& error) {
    return error.what();
  }
}

TEST(ParseDay, KnowsTheOrderOfItsFigures) {
  EXPECT_EQ(day("2026-11-20"), "2026-11-20");
  EXPECT_EQ(day("2026/1/2"), "2026-01-02");
  EXPECT_EQ(day("03/04/2026", DayOrder::day_first), "2026-04-03");
  EXPECT_EQ(day("03/04/2026", DayOrder::month_first), "2026-03-04");
  EXPECT_EQ(day("20.11.2026", DayOrder::day_first), "2026-11-20");
  EXPECT_THAT(day("03/04/2026"), HasSubstr("which figure is the day?"));
  for (const std::string text :
       {"", "yesterday", "2026-02-30", "2026-13-01", "20-11-26", "1/2/3/4", "2026-11"}) {
    EXPECT_THAT(day(text, DayOrder::day_first), HasSubstr("is not a day")) << text;
  }
}

TEST(DayOrderOf, IsWhatOneDayShows) {
  EXPECT_EQ(day_order_of({"01/02/2026", "20/11/2026"}), DayOrder::day_first);
  EXPECT_EQ(day_order_of({"01/02/2026", "11/20/2026"}), DayOrder::month_first);
  EXPECT_EQ(day_order_of({"01/02/2026", "2026-11-20"}), std::nullopt);
  EXPECT_THROW(day_order_of({"20/11/2026", "11/20/2026"}), core::Error);
}

} // namespace
} // namespace intendance::billing
