// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/retention.hpp"

#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <tuple>

namespace intendance::backupd {

namespace {

using core::Date;
using core::TimePoint;
using core::TimeZone;
using std::chrono::days;
using std::chrono::sys_days;

constexpr auto clock_tolerance = std::chrono::hours(1);

// Two moments are of one period when its name is the same.
using PeriodName = std::string (*)(TimePoint, const TimeZone&);

// With the offset, because one night of the year has the same hour twice.
std::string hour_of(TimePoint time, const TimeZone& zone) {
  const auto minutes = std::chrono::duration_cast<std::chrono::minutes>(zone.offset(time)).count();
  const auto size = std::abs(minutes);
  return fmt::format("{}:00{}{:02}:{:02}", zone.format(time).substr(0, 13), minutes < 0 ? '-' : '+',
                     size / 60, size % 60);
}

std::string day_of(TimePoint time, const TimeZone& zone) {
  return core::format_date(zone.date(time));
}

// A week belongs to the year of its Thursday.
std::string week_of(TimePoint time, const TimeZone& zone) {
  const sys_days day(zone.date(time));
  const auto monday = day - (std::chrono::weekday(day) - std::chrono::Monday);
  const auto thursday = monday + days(3);
  const auto year = Date(thursday).year();
  const auto number = (thursday - sys_days(year / 1 / 1)) / days(7) + 1;
  return fmt::format("{:04}-W{:02}", static_cast<int>(year), number);
}

std::string month_of(TimePoint time, const TimeZone& zone) {
  return day_of(time, zone).substr(0, 7);
}

std::string year_of(TimePoint time, const TimeZone& zone) {
  return day_of(time, zone).substr(0, 4);
}

struct Rule {
  const char* word;
  unsigned KeepPolicy::*count;
  PeriodName period;
};

constexpr std::array<Rule, 5> rules = {{{"hourly", &KeepPolicy::hourly, hour_of},
                                        {"daily", &KeepPolicy::daily, day_of},
                                        {"weekly", &KeepPolicy::weekly, week_of},
                                        {"monthly", &KeepPolicy::monthly, month_of},
                                        {"yearly", &KeepPolicy::yearly, year_of}}};

// Of one job, newest first; positions in `snapshots` and `retained`.
void keep_of_job(const KeepPolicy& policy, const std::vector<RetentionItem>& snapshots,
                 const std::vector<std::size_t>& newest_first, const TimeZone& zone,
                 std::vector<Retention>& retained) {
  const auto recent = std::min<std::size_t>(policy.last, newest_first.size());
  for (std::size_t each = 0; each < recent; ++each) {
    retained[newest_first[each]].reasons.push_back(fmt::format("last {}", each + 1));
  }
  for (const auto& rule : rules) {
    unsigned left = policy.*rule.count;
    std::string previous;
    for (const auto position : newest_first) {
      if (left == 0) break;
      auto period = rule.period(snapshots[position].started, zone);
      if (period == previous) continue;
      --left;
      retained[position].reasons.push_back(std::string(rule.word) + " " + period);
      previous = std::move(period);
    }
  }
}

} // namespace

std::vector<Retention> apply_policy(const KeepPolicy& policy,
                                    const std::vector<RetentionItem>& snapshots,
                                    const TimeZone& zone, TimePoint now) {
  if (policy == KeepPolicy()) {
    throw core::ConfigError("this policy keeps nothing, and would forget every snapshot\n  "
                            "allowed: at least one of last, hourly, daily, weekly, monthly, "
                            "yearly above 0");
  }
  std::vector<Retention> retained;
  std::map<std::string, std::vector<std::size_t>> jobs;
  for (const auto& snapshot : snapshots) {
    retained.push_back({snapshot.id, {}});
    if (snapshot.started > now + clock_tolerance) {
      retained.back().reasons.push_back("from the future: its clock said " +
                                        zone.format(snapshot.started));
    } else {
      jobs[snapshot.job].push_back(retained.size() - 1);
    }
  }
  for (auto& [job, positions] : jobs) {
    std::sort(positions.begin(), positions.end(), [&](std::size_t a, std::size_t b) {
      return std::tie(snapshots[b].started, snapshots[b].sequence, snapshots[b].id) <
             std::tie(snapshots[a].started, snapshots[a].sequence, snapshots[a].id);
    });
    keep_of_job(policy, snapshots, positions, zone, retained);
  }
  return retained;
}

} // namespace intendance::backupd
