// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/job_runner.hpp"
#include "backupd/schedule/scheduler.hpp"
#include "backupd/service.hpp"
#include "core/error.hpp"
#include "core/synchronized.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace intendance::backupd {
namespace {

using core::parse_utc;
using core::TimePoint;

JobConfig job_named(const std::string& name, const std::string& schedule) {
  JobConfig job;
  job.name = name;
  job.repository = {"far", "file:///proc/nowhere", "/proc/nowhere"};
  job.schedule = core::Schedule::parse(schedule);
  job.paths = {"/proc/nowhere"};
  return job;
}

class ScheduleTest : public ::testing::Test {
protected:
  core::TemporaryDirectory folder_;
  JobStates states_{folder_.path()};
  core::TimeZone zone_ = core::TimeZone::named("America/Toronto");
};

TEST_F(ScheduleTest, AMissedRunIsDueAtOnce) {
  const auto job = job_named("tei", "daily 02:15");
  JobState state;
  state.first_seen = parse_utc("2026-11-20T12:00:00Z");
  EXPECT_EQ(*next_run(job, state, zone_), parse_utc("2026-11-21T07:15:00Z"));
  state.last_run = RunRecord{};
  state.last_run->started = parse_utc("2026-11-21T07:15:00Z");
  EXPECT_EQ(*next_run(job, state, zone_), parse_utc("2026-11-22T07:15:00Z"));
}

TEST_F(ScheduleTest, IsOverdueAQuarterOfItsPeriodLate) {
  const auto job = job_named("tei", "daily 02:15");
  JobState state;
  state.last_success = parse_utc("2026-11-21T07:16:00Z");
  EXPECT_FALSE(is_overdue(job, state, zone_, parse_utc("2026-11-22T13:14:00Z")));
  EXPECT_TRUE(is_overdue(job, state, zone_, parse_utc("2026-11-22T13:16:00Z")));
}

TEST_F(ScheduleTest, StateSurvivesItsFileAndDamage) {
  JobState state;
  state.first_seen = parse_utc("2026-11-20T12:00:00Z");
  state.failures = 6;
  state.last_run = RunRecord{};
  state.last_run->started = parse_utc("2026-11-21T07:15:00Z");
  state.last_run->finished = parse_utc("2026-11-21T07:16:00Z");
  state.last_run->outcome = Outcome::warnings;
  state.last_run->snapshot = "abcd";
  state.last_run->unchanged_files = 3;
  state.last_run->stored_bytes = 4;
  states_.store("tei", state);
  const auto again = states_.load("tei");
  EXPECT_EQ(again.first_seen, state.first_seen);
  EXPECT_EQ(again.failures, 6u);
  EXPECT_EQ(again.last_run->unchanged_files, 3u);
  EXPECT_EQ(again.last_run->stored_bytes, 4u);
  EXPECT_EQ(again.last_run->outcome, Outcome::warnings);
  for (const char* damage :
       {"", "{", "[]", "{\"last_run\": 3}", "{\"first_seen\": \"yesterday\"}"}) {
    core::write_file_atomically(folder_.path() / "jobs/tei.json", damage);
    EXPECT_FALSE(states_.load("tei").last_run) << damage;
  }
}

TEST_F(ScheduleTest, AJobRunsOnceAtATime) {
  EXPECT_FALSE(states_.is_running("tei"));
  {
    const JobLock lock(states_, "tei");
    EXPECT_TRUE(states_.is_running("tei"));
    EXPECT_THROW(JobLock(states_, "tei"), core::Error);
  }
  EXPECT_FALSE(states_.is_running("tei"));
}

TEST_F(ScheduleTest, RunsJobsWhenTheyAreDueAndOnlyThen) {
  core::ManualClock clock(parse_utc("2026-11-23T06:00:00Z"));
  const std::vector<JobConfig> jobs = {job_named("tei", "daily 02:15"),
                                       job_named("web", "every 6h")};
  std::mutex mutex;
  std::condition_variable ran;
  std::vector<std::string> log;
  const auto run = [&](const JobConfig& job, std::stop_token) {
    auto state = states_.load(job.name);
    state.last_run = RunRecord{};
    state.last_run->started = clock.now();
    states_.store(job.name, state);
    std::scoped_lock lock(mutex);
    log.push_back(job.name + " " + core::format_utc(clock.now()));
    ran.notify_all();
  };
  const auto wait_for = [&](std::size_t count) {
    std::unique_lock lock(mutex);
    return ran.wait_for(lock, std::chrono::seconds(20), [&] { return log.size() >= count; });
  };
  const Scheduler scheduler(job_duties(jobs, states_, clock, zone_, run), clock);
  clock.advance(std::chrono::minutes(74));
  clock.advance(std::chrono::minutes(1)); // 02:15 in Montréal
  ASSERT_TRUE(wait_for(1));
  clock.advance(std::chrono::minutes(285)); // 12:00 UTC
  ASSERT_TRUE(wait_for(2));
  std::scoped_lock lock(mutex);
  EXPECT_EQ(log,
            (std::vector<std::string>{"tei 2026-11-23T07:15:00Z", "web 2026-11-23T12:00:00Z"}));
}

TEST_F(ScheduleTest, WhatFailsOrIsTakenHoldsNothingUp) {
  core::ManualClock clock(parse_utc("2026-11-23T06:00:00Z"));
  std::atomic<int> tried = 0, done = 0;
  const auto due = [&] { return std::optional(clock.now() - std::chrono::hours(1)); };
  std::vector<Duty> duties;
  duties.push_back({due, [&](std::stop_token) {
                      ++tried;
                      throw core::Error("no route");
                    }});
  duties.push_back({due, [&](std::stop_token) { ++tried; }}); // somebody else is at it
  duties.push_back(
      {[&] { return done > 0 ? std::nullopt : due(); }, [&](std::stop_token) { ++done; }});
  const Scheduler scheduler(std::move(duties), clock);
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (done == 0 && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  EXPECT_EQ(done, 1);
  EXPECT_GE(tried, 2);
}

TEST_F(ScheduleTest, AFailedBackupIsARecord) {
  const auto run = run_job(job_named("tei", "hourly"), {"web-1", folder_.path()}, {});
  EXPECT_EQ(run.record.outcome, Outcome::failed);
  EXPECT_NE(run.record.error, "");
  const auto state = states_.load("tei");
  EXPECT_EQ(state.last_run->error, run.record.error);
  EXPECT_FALSE(state.last_success);
}

TEST_F(ScheduleTest, StatusSaysWhatTheApiPromises) {
  Config config;
  config.machine = "web-1";
  config.jobs = {job_named("tei", "daily 02:15")};
  JobState state;
  state.first_seen = parse_utc("2026-11-20T12:00:00Z");
  states_.store("tei", state);
  const auto now = parse_utc("2026-11-20T13:00:00Z");
  core::ManualClock clock(now);
  const CareStates care(folder_.path());
  const storage::StoreMeters meters;
  const ServiceView jobs{config, states_, care, zone_, clock, meters};
  auto json = nlohmann::json::parse(status_json(jobs));
  EXPECT_EQ(json.at("jobs").at(0).at("next_run"), "2026-11-21T07:15:00Z");
  EXPECT_TRUE(json.at("jobs").at(0).at("last_run").is_null());
  EXPECT_EQ(json.at("jobs").at(0).at("overdue"), false);
  state.last_run = RunRecord{};
  state.last_run->started = state.last_run->finished = now;
  state.last_run->error = "no \xff route";
  states_.store("tei", state);
  json = nlohmann::json::parse(status_json(jobs));
  EXPECT_EQ(json.at("jobs").at(0).at("last_run").at("outcome"), "failed");
}

} // namespace
} // namespace intendance::backupd
