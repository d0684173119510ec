// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/calendar.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

namespace intendance::core {
namespace {

TimePoint utc(const std::string& text) { return parse_utc(text); }

// The next `count` runs, as a wall clock in Montréal shows them with their offset in hours.
std::vector<std::string> runs(const std::string& schedule, const std::string& from, int count) {
  const auto zone = TimeZone::named("America/Toronto");
  const auto parsed = Schedule::parse(schedule);
  std::vector<std::string> found;
  auto at = utc(from);
  for (int each = 0; each < count; ++each) {
    at = parsed.next(at, zone);
    const auto hours = std::chrono::duration_cast<std::chrono::hours>(zone.offset(at)).count();
    found.push_back(zone.format(at) + " " + std::to_string(hours));
  }
  return found;
}

using Runs = std::vector<std::string>;

TEST(Schedule, DailyRunsOncePerDay) {
  EXPECT_EQ(runs("daily 02:15", "2026-11-23T05:00:00Z", 2),
            (Runs{"2026-11-23 02:15:00 -5", "2026-11-24 02:15:00 -5"}));
}

TEST(Schedule, RunsAtTheEndOfTheGapWhenClocksGoForward) {
  EXPECT_EQ(runs("daily 02:30", "2026-03-07T12:00:00Z", 3),
            (Runs{"2026-03-08 03:00:00 -4", "2026-03-09 02:30:00 -4", "2026-03-10 02:30:00 -4"}));
}

TEST(Schedule, RunsOnceWhenClocksGoBack) {
  EXPECT_EQ(runs("daily 01:30", "2026-10-31T12:00:00Z", 2),
            (Runs{"2026-11-01 01:30:00 -4", "2026-11-02 01:30:00 -5"}));
}

TEST(Schedule, NeverRunsTwiceOrSkipsADayOverTenYears) {
  const auto zone = TimeZone::named("America/Toronto");
  for (const char* text :
       {"daily 00:00", "daily 01:30", "daily 02:00", "daily 02:30", "daily 03:00"}) {
    const auto schedule = Schedule::parse(text);
    auto at = utc("2026-01-01T12:00:00Z");
    auto day = std::chrono::sys_days(zone.date(at));
    for (int each = 0; each < 3650; ++each) {
      at = schedule.next(at, zone);
      day += std::chrono::days(1);
      ASSERT_EQ(std::chrono::sys_days(zone.date(at)), day) << text;
    }
  }
}

TEST(Schedule, WeeklyKeepsItsDay) {
  EXPECT_EQ(runs("weekly sun 03:00", "2026-11-23T05:00:00Z", 2),
            (Runs{"2026-11-29 03:00:00 -5", "2026-12-06 03:00:00 -5"}));
}

TEST(Schedule, WeeklyOnTheSameDayWaitsAWeekWhenItsHourHasPassed) {
  EXPECT_EQ(runs("weekly mon 03:00", "2026-11-23T09:00:00Z", 1), (Runs{"2026-11-30 03:00:00 -5"}));
  EXPECT_EQ(runs("weekly mon 03:00", "2026-11-23T07:00:00Z", 1), (Runs{"2026-11-23 03:00:00 -5"}));
}

TEST(Schedule, MonthlyUsesTheLastDayOfAShortMonth) {
  EXPECT_EQ(runs("monthly 31 04:00", "2027-01-31T12:00:00Z", 2),
            (Runs{"2027-02-28 04:00:00 -5", "2027-03-31 04:00:00 -4"}));
}

TEST(Schedule, EveryIsAlignedAndStrictlyLater) {
  EXPECT_EQ(runs("every 15m", "2026-11-23T05:15:00Z", 2),
            (Runs{"2026-11-23 00:30:00 -5", "2026-11-23 00:45:00 -5"}));
  EXPECT_EQ(runs("hourly", "2026-11-01T05:30:00Z", 3),
            (Runs{"2026-11-01 01:00:00 -5", "2026-11-01 02:00:00 -5", "2026-11-01 03:00:00 -5"}));
}

TEST(Schedule, RefusesWhatItDoesNotKnowAndSaysWhatIsAllowed) {
  for (const char* text : {"", "dayly 02:15", "daily", "daily 2:15", "daily 24:00", "daily 02:60",
                           "daily 02:15 x", "weekly 03:00", "weekly dim 03:00", "monthly 0 04:00",
                           "monthly 32 04:00", "every 0m", "every 7m", "every 25h", "every 15",
                           "every m", "every -5m", "every 99999999999m", "hourly 3"}) {
    try {
      Schedule::parse(text);
      FAIL() << text;
    } catch (const ConfigError& error) {
      EXPECT_NE(std::string(error.what()).find("allowed: hourly"), std::string::npos);
    }
  }
}

TEST(Date, ReadsAndWritesIso) {
  EXPECT_EQ(format_date(parse_date("2028-02-29")), "2028-02-29");
  for (const char* text : {"", "2026-02-29", "2026-13-01", "2026-1-01", "26-01-01", "2026-01-01x",
                           "2026/01/01", "-026-01-01"}) {
    EXPECT_THROW(parse_date(text), Error) << text;
  }
}

TEST(Time, ReadsAndWritesUtc) {
  EXPECT_EQ(format_utc(utc("1969-12-31T23:59:59Z")), "1969-12-31T23:59:59Z");
  for (const char* text :
       {"", "2026-11-23", "2026-11-23T25:00:00Z", "2026-11-23T02:15:31", "2026-11-23T02:15:31Zx"}) {
    EXPECT_THROW(utc(text), Error) << text;
  }
}

// The machine's own, whichever that is.
TEST(TimeZone, OfThisMachineAgreesWithItself) {
  const auto zone = TimeZone::local();
  for (auto at = utc("2026-01-01T12:30:00Z"); at < utc("2027-01-01T00:00:00Z");
       at += std::chrono::hours(24)) {
    const auto clock = at + zone.offset(at);
    ASSERT_EQ(zone.format(at).substr(0, 10), format_date(zone.date(at)));
    ASSERT_EQ(zone.moment(zone.date(at), std::chrono::floor<std::chrono::seconds>(
                                             clock - std::chrono::floor<std::chrono::days>(clock))),
              at);
  }
}

TEST(TimeZone, RefusesAnUnknownName) { EXPECT_THROW(TimeZone::named("Mars/Olympus"), ConfigError); }

TEST(ManualClock, WakesWhoeverWaits) {
  ManualClock clock(utc("2026-11-23T00:00:00Z"));
  std::atomic<bool> woke = false;
  std::jthread sleeper([&](std::stop_token stop) {
    clock.sleep_until(utc("2026-11-23T01:00:00Z"), stop);
    woke = true;
  });
  clock.advance(std::chrono::minutes(59));
  EXPECT_FALSE(woke);
  clock.advance(std::chrono::minutes(1));
  sleeper.join();
  EXPECT_TRUE(woke);
}

} // namespace
} // namespace intendance::core
