// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/retention.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

using core::parse_utc;

class RetentionPolicy : public ::testing::Test {
protected:
  // Its id is its time.
  void add(const std::string& utc, const std::string& job = "tei") {
    snapshots_.push_back({utc, job, parse_utc(utc)});
  }
  // "ID: REASON, REASON" of what is kept.
  std::vector<std::string> kept(const KeepPolicy& policy) const {
    std::vector<std::string> lines;
    for (const auto& each : apply_policy(policy, snapshots_, zone_, now_)) {
      if (!each.is_kept()) continue;
      auto line = each.id + ":";
      for (const auto& reason : each.reasons) line += " " + reason + ",";
      line.pop_back();
      lines.push_back(line);
    }
    return lines;
  }
  using Lines = std::vector<std::string>;

  std::vector<RetentionItem> snapshots_;
  core::TimeZone zone_ = core::TimeZone::named("America/Toronto");
  core::TimePoint now_ = parse_utc("2027-02-01T12:00:00Z");
};

TEST_F(RetentionPolicy, KeepsTheNewestOfEachMonth) {
  for (const char* day : {"2026-09-03", "2026-09-20", "2026-11-01", "2026-11-19", "2026-11-20"}) {
    add(std::string(day) + "T07:15:00Z");
  }
  EXPECT_EQ(kept({.monthly = 12}), (Lines{"2026-09-20T07:15:00Z: monthly 2026-09",
                                          "2026-11-20T07:15:00Z: monthly 2026-11"}));
}

TEST_F(RetentionPolicy, CountsOnlyPeriodsOfWhichASnapshotIsThere) {
  for (const char* day : {"2026-03-01", "2026-08-01", "2026-11-20"}) {
    add(std::string(day) + "T07:15:00Z");
  }
  EXPECT_EQ(kept({.daily = 2}), (Lines{"2026-08-01T07:15:00Z: daily 2026-08-01",
                                       "2026-11-20T07:15:00Z: daily 2026-11-20"}));
}

TEST_F(RetentionPolicy, SaysEveryReason) {
  add("2026-11-19T07:15:00Z");
  add("2026-11-20T07:15:00Z");
  EXPECT_EQ(kept({.last = 1, .hourly = 1, .daily = 2, .weekly = 1, .monthly = 1, .yearly = 1}),
            (Lines{"2026-11-19T07:15:00Z: daily 2026-11-19",
                   "2026-11-20T07:15:00Z: last 1, hourly 2026-11-20 02:00-05:00, daily "
                   "2026-11-20, weekly 2026-W47, monthly 2026-11, yearly 2026"}));
}

TEST_F(RetentionPolicy, CountsDaysAsTheWallClockDoes) {
  add("2026-11-20T04:30:00Z"); // still the 19th in Montréal
  add("2026-11-20T05:30:00Z");
  add("2026-11-21T04:30:00Z"); // still the 20th
  EXPECT_EQ(kept({.daily = 9}), (Lines{"2026-11-20T04:30:00Z: daily 2026-11-19",
                                       "2026-11-21T04:30:00Z: daily 2026-11-20"}));
}

TEST_F(RetentionPolicy, TheHourThatComesTwiceIsTwoHours) {
  add("2026-11-01T05:30:00Z"); // 01:30, summer time
  add("2026-11-01T06:10:00Z"); // 01:10, winter time
  add("2026-11-01T06:30:00Z");
  EXPECT_EQ(kept({.hourly = 9}), (Lines{"2026-11-01T05:30:00Z: hourly 2026-11-01 01:00-04:00",
                                        "2026-11-01T06:30:00Z: hourly 2026-11-01 01:00-05:00"}));
}

TEST_F(RetentionPolicy, TheHourThatIsSkippedIsNone) {
  add("2026-03-08T06:30:00Z"); // 01:30
  add("2026-03-08T07:30:00Z"); // 03:30
  EXPECT_EQ(kept({.hourly = 9, .daily = 9}),
            (Lines{"2026-03-08T06:30:00Z: hourly 2026-03-08 01:00-05:00",
                   "2026-03-08T07:30:00Z: hourly 2026-03-08 03:00-04:00, daily 2026-03-08"}));
}

TEST_F(RetentionPolicy, WeeksOfTheTurnOfTheYearAreIsoWeeks) {
  add("2026-12-27T12:00:00Z"); // Sunday of week 52
  add("2026-12-28T12:00:00Z"); // Monday of week 53, which ends in January
  add("2027-01-03T12:00:00Z"); // its Sunday
  add("2027-01-04T12:00:00Z");
  add("2024-12-30T12:00:00Z"); // Monday of 2025's first week
  EXPECT_EQ(
      kept({.weekly = 9}),
      (Lines{"2026-12-27T12:00:00Z: weekly 2026-W52", "2027-01-03T12:00:00Z: weekly 2026-W53",
             "2027-01-04T12:00:00Z: weekly 2027-W01", "2024-12-30T12:00:00Z: weekly 2025-W01"}));
}

TEST_F(RetentionPolicy, YearsEndAtLocalMidnight) {
  add("2026-01-01T04:59:59Z");
  add("2026-01-01T05:00:00Z");
  EXPECT_EQ(kept({.yearly = 7}),
            (Lines{"2026-01-01T04:59:59Z: yearly 2025", "2026-01-01T05:00:00Z: yearly 2026"}));
}

TEST_F(RetentionPolicy, HoldsForEachJobByItself) {
  add("2026-11-18T07:15:00Z", "web");
  add("2026-11-19T07:15:00Z");
  add("2026-11-20T07:15:00Z");
  EXPECT_EQ(kept({.last = 1}),
            (Lines{"2026-11-18T07:15:00Z: last 1", "2026-11-20T07:15:00Z: last 1"}));
}

TEST_F(RetentionPolicy, KeepsAndNamesWhatComesFromTheFuture) {
  add("2026-11-20T07:15:00Z");
  add("2031-01-01T00:00:00Z");
  add("2027-02-01T12:59:00Z"); // within what clocks differ
  EXPECT_EQ(kept({.last = 1}),
            (Lines{"2031-01-01T00:00:00Z: from the future: its clock said 2030-12-31 19:00:00",
                   "2027-02-01T12:59:00Z: last 1"}));
}

TEST_F(RetentionPolicy, NeverForgetsEverything) {
  EXPECT_THROW(kept({}), core::ConfigError);
  add("1970-01-01T00:00:07Z"); // a clock that was never set
  for (const auto policy :
       {KeepPolicy{.last = 1}, KeepPolicy{.hourly = 1}, KeepPolicy{.daily = 1},
        KeepPolicy{.weekly = 1}, KeepPolicy{.monthly = 1}, KeepPolicy{.yearly = 1}}) {
    EXPECT_EQ(kept(policy).size(), 1u);
  }
}

TEST_F(RetentionPolicy, DoesNotDependOnTheOrderOfWhatItIsGiven) {
  add("2026-11-20T07:15:00Z");
  add("2026-11-18T07:15:00Z");
  add("2026-11-19T07:15:00Z");
  EXPECT_EQ(kept({.last = 2}),
            (Lines{"2026-11-20T07:15:00Z: last 1", "2026-11-19T07:15:00Z: last 2"}));
}

} // namespace
} // namespace intendance::backupd
