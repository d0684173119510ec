// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/money.hpp"
#include "core/command.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace intendance::billing {
namespace {

using core::Language;
constexpr auto most = std::numeric_limits<std::int64_t>::max();
constexpr auto least = std::numeric_limits<std::int64_t>::min();

TEST(Cents, RefuseToOverflow) {
  EXPECT_EQ((Cents(most - 1) + Cents(1)).count(), most);
  EXPECT_THROW(Cents(most) + Cents(1), core::Error);
  EXPECT_THROW(Cents(least) - Cents(1), core::Error);
  EXPECT_THROW(-Cents(least), core::Error);
}

TEST(Proportion, RoundsHalfAwayFromZero) {
  EXPECT_EQ(proportion(1, 1, 2), 1);
  EXPECT_EQ(proportion(-1, 1, 2), -1);
  EXPECT_EQ(proportion(1, 49, 100), 0);
  EXPECT_EQ(proportion(7, 1, 3), 2);
  EXPECT_EQ(proportion(8, 1, 3), 3);
  EXPECT_EQ(proportion(0, 5, 7), 0);
}

TEST(Proportion, ComputesBeyondSixtyFourBitsAndRefusesWhatDoesNotFit) {
  EXPECT_EQ(proportion(most, 100000, 100000), most);
  EXPECT_EQ(proportion(least, 1, 1), least);
  EXPECT_THROW(proportion(most, 2, 1), core::Error);
  EXPECT_THROW(proportion(1, 1, 0), core::Error);
}

TEST(Price, IsExactAtTwoDollarsAMinute) {
  for (std::int64_t minutes = -1440; minutes <= 1440; ++minutes) {
    ASSERT_EQ(price(Minutes(minutes), Cents(12000)).count(), minutes * 200);
  }
}

TEST(Price, RoundsHalfACentUpAndAReversalIsTheOpposite) {
  EXPECT_EQ(price(Minutes(1), Cents(90)).count(), 2); // 1.5
  EXPECT_EQ(price(Minutes(1), Cents(89)).count(), 1); // 1.4833…
  EXPECT_EQ(price(Minutes(-1), Cents(90)).count(), -2);
}

TEST(FormatMoney, FollowsTheLanguage) {
  EXPECT_EQ(format_money(Cents(123456), Language::french), "1\u00a0234,56\u00a0$");
  EXPECT_EQ(format_money(Cents(123456), Language::english), "$1,234.56");
  EXPECT_EQ(format_money(Cents(-5), Language::french), "-0,05\u00a0$");
  EXPECT_EQ(format_money(Cents(-123456789), Language::english), "-$1,234,567.89");
  EXPECT_EQ(format_money(Cents(least), Language::english), "-$92,233,720,368,547,758.08");
  EXPECT_EQ(format_decimal(Cents(-7)), "-0.07");
}

TEST(FormatWork, FollowsTheLanguage) {
  EXPECT_EQ(format_work(Minutes(90), Language::french), "1\u00a0h\u00a030");
  EXPECT_EQ(format_work(Minutes(90), Language::english), "1\u00a0h\u00a030\u00a0min");
  EXPECT_EQ(format_work(Minutes(65), Language::french), "1\u00a0h\u00a005");
  EXPECT_EQ(format_work(Minutes(45), Language::french), "45\u00a0min");
  EXPECT_EQ(format_work(Minutes(-120), Language::english), "-2\u00a0h");
  EXPECT_EQ(format_work(Minutes(60000), Language::french), "1\u00a0000\u00a0h");
}

TEST(FormatPercent, KeepsOnlyTheDecimalsThereAre) {
  EXPECT_EQ(format_percent(9975, Language::french), "9,975\u00a0%");
  EXPECT_EQ(format_percent(5000, Language::french), "5\u00a0%");
  EXPECT_EQ(format_percent(67000, Language::english), "67%");
  EXPECT_EQ(format_percent(0, Language::english), "0%");
}

TEST(ParseWork, ReadsWhatPeopleWrite) {
  const std::pair<const char*, std::int64_t> cases[] = {{"1h30", 90},
                                                        {"1 h 30", 90},
                                                        {"1h30m", 90},
                                                        {"1 h 30 min", 90},
                                                        {"2h", 120},
                                                        {"90m", 90},
                                                        {"90 min", 90},
                                                        {"1.5h", 90},
                                                        {"1,5 h", 90},
                                                        {"0.25h", 15},
                                                        {"1.1h", 66},
                                                        {"0h05", 5},
                                                        {"1\u00a0h\u00a030", 90},
                                                        {"24h", 1440},
                                                        {"0.016666h", 0}};
  for (const auto& [text, minutes] : cases) {
    if (minutes == 0) {
      EXPECT_THROW(parse_work(text), core::Error) << text;
    } else {
      EXPECT_EQ(parse_work(text).count(), minutes) << text;
    }
  }
}

TEST(ParseWork, RefusesEverythingElse) {
  for (const char* text : {"",
                           " ",
                           "90",
                           "1:30",
                           "h",
                           "1h60",
                           "1h130",
                           "-1h",
                           "+1h",
                           "1.h",
                           ".5h",
                           "1.5",
                           "1.5m",
                           "1h30x",
                           "1h 30 40",
                           "0m",
                           "0h00",
                           "1.333h",
                           "99999999999999999999h",
                           "1e3h",
                           "1h-30",
                           "0x10m",
                           "1h30m30"}) {
    EXPECT_THROW(parse_work(text), core::Error) << text;
  }
}

TEST(ParseMoney, ReadsWhatPeopleWrite) {
  const std::pair<const char*, std::int64_t> cases[] = {{"24000", 2400000},
                                                        {"24000.50", 2400050},
                                                        {"24 000,50", 2400050},
                                                        {"24 000,00 $", 2400000},
                                                        {"$1,234.56", 123456},
                                                        {"1\u00a0234,56\u00a0$", 123456},
                                                        {"0.05", 5},
                                                        {"1,234,567.00", 123456700},
                                                        {"120 $", 12000}};
  for (const auto& [text, cents] : cases) EXPECT_EQ(parse_money(text).count(), cents) << text;
}

TEST(ParseMoney, RefusesWhatIsAmbiguousOrNotMoney) {
  for (const char* text : {"", "$", "24,000", "1.5", "1,2345", "-5", "1 23", "1.234.567", "12a",
                           "99999999999999999999", "1..00", "1,00.00", "1.00$$", "NaN"}) {
    EXPECT_THROW(parse_money(text), core::Error) << text;
  }
}

TEST(ParseMoney, ReadsBackWhatIsFormatted) {
  for (std::int64_t cents = 0; cents < 100'000'000; cents += 99'991) {
    for (const auto language : {Language::french, Language::english}) {
      const auto text = format_money(Cents(cents), language);
      ASSERT_EQ(parse_money(text).count(), cents) << text;
    }
  }
}

} // namespace
} // namespace intendance::billing
