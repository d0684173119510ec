// SPDX-License-Identifier: AGPL-3.0-or-later
// The care for a real repository in a folder, by a clock that the test moves.
#include "backupd/engine/backup.hpp"
#include "backupd/schedule/care_runner.hpp"
#include "backupd/service.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <prometheus/metric_family.h>

#include <thread>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::parse_utc;
using core::TimePoint;
using std::chrono::hours;
using std::chrono::minutes;

class Care : public ::testing::Test {
protected:
  Care() {
    make_repository();
    care_.repository = {"web-1", "file://" + store_.string(), folder_.path() / "keys"};
  }

  void make_repository() {
    Repository::initialise(*storage::open_directory_store(store_),
                           KeyFolder(folder_.path() / "keys"), "web-1", core::system_clock().now());
  }
  Repository open(Role role) {
    return Repository::open(storage::open_directory_store(store_),
                            KeyFolder(folder_.path() / "keys"), {role}, {});
  }
  void back_up_something() {
    const auto source = folder_.path() / "source";
    fs::create_directories(source);
    core::write_file_atomically(source / "image",
                                std::string(core::as_text(core::random_bytes(300'000))));
    auto repository = open(Role::writer);
    BackupRequest request;
    request.job = "tei";
    request.roots = {source};
    request.state = folder_.path() / "machine";
    back_up(repository, request, {});
  }
  CareResult run(CareTask task, std::stop_token stop = {}) {
    return run_care(care_, task, setting_, std::move(stop));
  }
  CareState state() const { return states_.load("web-1"); }
  // Of the file's contents: the largest one.
  void damage_a_pack() {
    std::map<std::uintmax_t, fs::path> packs;
    for (const auto& entry : fs::recursive_directory_iterator(store_ / "packs")) {
      if (entry.is_regular_file()) packs[entry.file_size()] = entry.path();
    }
    const auto victim = packs.rbegin()->second;
    auto bytes = core::read_file(victim);
    bytes[bytes.size() / 2] ^= 1;
    core::write_file_atomically(victim, bytes);
  }

  core::TemporaryDirectory folder_;
  fs::path store_ = folder_.path() / "store", state_ = folder_.path() / "state";
  // Ahead of the store's own clock, so that a grace of a second has passed.
  core::ManualClock clock_{core::system_clock().now() + hours(1)};
  core::TimeZone zone_ = core::TimeZone::named("America/Toronto");
  storage::StoreMeters meters_;
  CareSetting setting_{"hub", state_, zone_, clock_, {}, &meters_};
  CareStates states_{state_};
  CareConfig care_{{},
                   KeepPolicy{2, 0, 0, 0, 0, 0},
                   core::Schedule::parse("daily 03:00"),
                   std::chrono::seconds(0),
                   core::Schedule::parse("weekly sun 04:00"),
                   ArchiveConfig{"nearline",
                                 "file://" + (folder_.path() / "tapes").string(),
                                 {},
                                 core::Schedule::parse("monthly 1 05:00"),
                                 1'000'000,
                                 1},
                   {}};
};

TEST_F(Care, ForgetsByTheRulesAndPrunesWhatNobodyNeeds) {
  for (int each = 0; each < 3; ++each) back_up_something();
  const auto forgotten = run(CareTask::forget);
  ASSERT_EQ(forgotten.run.outcome, Outcome::done) << forgotten.run.error;
  EXPECT_EQ(forgotten.forget->kept, 2u);
  EXPECT_EQ(forgotten.forget->removed, 1u);
  const auto pruned = run(CareTask::prune);
  ASSERT_EQ(pruned.run.outcome, Outcome::done) << pruned.run.error;
  EXPECT_GT(pruned.prune->freed_bytes, 300'000u);
  EXPECT_EQ(state().size->snapshots, 2u);
  EXPECT_LT(state().size->bytes, 1'000'000u);
  EXPECT_EQ(state().of(CareTask::prune).last_success,
            std::chrono::floor<std::chrono::seconds>(clock_.now()));
  std::vector<Finding> findings;
  EXPECT_EQ(open(Role::maintainer).snapshots(findings).size(), 2u);
  EXPECT_FALSE(fs::exists(state_ / "care/web-1.scratch"));
}

TEST_F(Care, VerifiesAndCountsWhatItFinds) {
  back_up_something();
  auto verified = run(CareTask::verify);
  ASSERT_EQ(verified.run.outcome, Outcome::done) << verified.run.error;
  EXPECT_EQ(state().verify->damaged_objects, 0u);
  EXPECT_EQ(state().verify->lost_files, 0u);
  EXPECT_GT(state().verify->bytes_read, 300'000u);
  EXPECT_TRUE(state().verify->oldest_unread);
  damage_a_pack();
  verified = run(CareTask::verify);
  EXPECT_EQ(verified.run.outcome, Outcome::warnings);
  EXPECT_GE(state().verify->damaged_objects, 1u);
  EXPECT_EQ(state().verify->lost_files, 1u);
  EXPECT_EQ(state().of(CareTask::verify).failures, 0u) << "it came to its end";
}

TEST_F(Care, WithoutAReaderKeyNobodyKnowsWhichFilesAreLost) {
  back_up_something();
  fs::remove(folder_.path() / "keys/reader.key");
  damage_a_pack();
  EXPECT_EQ(run(CareTask::verify).run.outcome, Outcome::warnings);
  EXPECT_GE(state().verify->damaged_objects, 1u);
  EXPECT_FALSE(state().verify->lost_files);
}

TEST_F(Care, AFailureIsARecordAndTheNextSuccessEndsIt) {
  care_.repository.keys = folder_.path() / "nowhere";
  EXPECT_EQ(run(CareTask::prune).run.outcome, Outcome::failed);
  EXPECT_NE(run(CareTask::prune).run.error, "");
  EXPECT_EQ(state().of(CareTask::prune).failures, 2u);
  EXPECT_FALSE(state().of(CareTask::prune).last_success);
  care_.repository.keys = folder_.path() / "keys";
  EXPECT_EQ(run(CareTask::prune).run.outcome, Outcome::done);
  EXPECT_EQ(state().of(CareTask::prune).failures, 0u);
}

TEST_F(Care, StopsWithoutARecordWhenItIsAsked) {
  back_up_something();
  std::stop_source stop;
  stop.request_stop();
  for (const auto task : care_tasks) EXPECT_THROW(run(task, stop.get_token()), core::Cancelled);
  EXPECT_FALSE(state().of(CareTask::prune).last_run);
  EXPECT_FALSE(state().of(CareTask::verify).last_run);
}

TEST_F(Care, IsTakenByOneAtATime) {
  const CareLock lock(states_, "web-1");
  EXPECT_TRUE(states_.is_running("web-1"));
  EXPECT_THROW(run(CareTask::prune), core::Error);
}

TEST_F(Care, TidiesUpAfterARunThatWasKilled) {
  fs::create_directories(state_ / "care/web-1.scratch/index");
  core::write_file_atomically(state_ / "care/web-1.scratch/left", "over");
  const CareLock lock(states_, "web-1");
  EXPECT_TRUE(fs::is_empty(lock.scratch()));
}

TEST_F(Care, ForgetsWhatItKnewOfAnotherRepositoryOfThatName) {
  back_up_something();
  run(CareTask::verify);
  EXPECT_TRUE(state().verify);
  fs::remove_all(store_);
  fs::remove_all(state_ / "trust");
  make_repository();
  EXPECT_EQ(run(CareTask::prune).run.outcome, Outcome::done)
      << state().of(CareTask::prune).last_run->error;
  EXPECT_FALSE(state().verify);
  EXPECT_FALSE(state().of(CareTask::verify).last_run);
}

TEST_F(Care, StateSurvivesItsFileAndDamage) {
  CareState state;
  state.repository_id = "abcd";
  state.first_seen = parse_utc("2026-11-20T12:00:00Z");
  state.of(CareTask::verify).failures = 3;
  state.of(CareTask::verify).last_run =
      CareRun{parse_utc("2026-11-21T07:15:00Z"), parse_utc("2026-11-21T07:16:00Z"), Outcome::failed,
              "no route", 4};
  state.verify = VerifyFigures{1, 2, 3, 4, 5, 6, parse_utc("2026-11-01T00:00:00Z")};
  state.size = RepositorySize{7, 8, 9};
  states_.store("web-1", state);
  const auto again = states_.load("web-1");
  EXPECT_EQ(again.repository_id, "abcd");
  EXPECT_EQ(again.of(CareTask::verify).failures, 3u);
  EXPECT_EQ(again.of(CareTask::verify).last_run->error, "no route");
  EXPECT_FALSE(again.of(CareTask::prune).last_run);
  EXPECT_EQ(again.verify->lost_files, 5u);
  EXPECT_EQ(again.verify->oldest_unread, state.verify->oldest_unread);
  EXPECT_FALSE(again.prune);
  EXPECT_EQ(again.size->bytes, 9u);
  for (const char* damage : {"", "{", "[]", "{\"tasks\": {}}"}) {
    core::write_file_atomically(state_ / "care/web-1.json", damage);
    EXPECT_FALSE(states_.load("web-1").first_seen) << damage;
  }
}

TEST_F(Care, IsDueAtItsTimeAndAtOnceWhenThatWasMissed) {
  CareState state;
  EXPECT_FALSE(next_run(care_, CareTask::prune, state, zone_)) << "nobody knows of it yet";
  state.first_seen = parse_utc("2026-11-20T12:00:00Z");
  EXPECT_EQ(*next_run(care_, CareTask::forget, state, zone_), parse_utc("2026-11-21T08:00:00Z"));
  EXPECT_EQ(*next_run(care_, CareTask::prune, state, zone_), parse_utc("2026-11-21T08:00:00Z"));
  EXPECT_EQ(*next_run(care_, CareTask::verify, state, zone_), parse_utc("2026-11-22T09:00:00Z"));
  care_.keep.reset();
  EXPECT_FALSE(next_run(care_, CareTask::forget, state, zone_));
  EXPECT_TRUE(next_run(care_, CareTask::prune, state, zone_));
  care_.verify.reset();
  EXPECT_FALSE(next_run(care_, CareTask::verify, state, zone_));
}

TEST_F(Care, IsTriedAgainAfterLongerAndLongerPauses) {
  CareState state;
  state.first_seen = parse_utc("2026-11-20T12:00:00Z");
  auto& verify = state.of(CareTask::verify);
  verify.last_run = CareRun{};
  verify.last_run->started = parse_utc("2026-11-22T09:00:00Z");
  verify.last_run->finished = parse_utc("2026-11-22T09:05:00Z");
  const auto pause = [&](std::uint64_t failures) {
    verify.failures = failures;
    return *next_run(care_, CareTask::verify, state, zone_) - verify.last_run->finished;
  };
  EXPECT_EQ(pause(1), minutes(10));
  EXPECT_EQ(pause(2), minutes(20));
  EXPECT_EQ(pause(6), minutes(320));
  EXPECT_EQ(pause(7), hours(6));
  EXPECT_EQ(pause(100), hours(6));
  verify.last_run->outcome = Outcome::warnings;
  EXPECT_EQ(*next_run(care_, CareTask::verify, state, zone_), parse_utc("2026-11-29T09:00:00Z"));
}

TEST_F(Care, IsOverdueAQuarterOfItsPeriodLate) {
  CareState state;
  state.first_seen = parse_utc("2026-11-20T12:00:00Z");
  const auto late = [&](CareTask task, const char* now) {
    return is_overdue(care_, task, state, zone_, parse_utc(now));
  };
  EXPECT_FALSE(late(CareTask::prune, "2026-11-21T13:59:00Z"));
  EXPECT_TRUE(late(CareTask::prune, "2026-11-21T14:01:00Z"));
  EXPECT_FALSE(late(CareTask::verify, "2026-11-24T00:00:00Z"));
  state.of(CareTask::prune).last_success = parse_utc("2026-11-21T08:00:00Z");
  EXPECT_FALSE(late(CareTask::prune, "2026-11-21T14:01:00Z"));
}

TEST_F(Care, IsDoneWhenItIsDueTheFirstOfTheListFirst) {
  care_.prune = core::Schedule::parse("every 6h");
  back_up_something();
  clock_.advance(-hours(1)); // to the store's own time
  const std::vector<CareConfig> all = {care_};
  const Scheduler scheduler(care_duties(all, states_, setting_), clock_);
  EXPECT_FALSE(state().of(CareTask::forget).last_run);
  clock_.advance(hours(6));
  const auto done = [&] { return state().of(CareTask::prune).last_run.has_value(); };
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!done() && std::chrono::steady_clock::now() < end) std::this_thread::yield();
  ASSERT_TRUE(done());
  EXPECT_EQ(state().of(CareTask::forget).last_run->outcome, Outcome::done);
  EXPECT_EQ(state().of(CareTask::prune).last_run->outcome, Outcome::done);
}

TEST_F(Care, ShowsInTheStatusAndTheMetrics) {
  back_up_something();
  for (const auto task : care_tasks) ASSERT_EQ(run(task).run.outcome, Outcome::done);
  Config config;
  config.machine = "hub";
  config.care = {care_};
  const JobStates jobs(state_);
  const ServiceView view{config, jobs, states_, zone_, clock_, meters_};
  const auto json = nlohmann::json::parse(status_json(view)).at("care").at(0);
  EXPECT_EQ(json.at("repository"), "web-1");
  EXPECT_EQ(json.at("running"), false);
  EXPECT_EQ(json.at("snapshots"), 1);
  EXPECT_EQ(json.at("damaged_objects"), 0);
  EXPECT_EQ(json.at("verify").at("schedule"), "weekly sun 04:00");
  EXPECT_EQ(json.at("verify").at("last_run").at("outcome"), "done");
  EXPECT_EQ(json.at("prune").at("last_success"), core::format_utc(clock_.now()));
  std::map<std::string, double> values;
  for (const auto& family : backup_metrics(view)->Collect()) {
    for (const auto& metric : family.metric) values[family.name] = metric.gauge.value;
  }
  EXPECT_EQ(values.at("intendance_backup_repository_snapshots"), 1);
  EXPECT_LT(values.at("intendance_backup_never_read_bytes"), 10'000);
  EXPECT_EQ(values.at("intendance_backup_lost_files"), 0);
  EXPECT_NEAR(values.at("intendance_backup_care_last_success_timestamp_seconds"),
              core::seconds_since_epoch(clock_.now()), 1);
  EXPECT_NEAR(values.at("intendance_backup_oldest_unread_byte_timestamp_seconds"),
              core::seconds_since_epoch(core::system_clock().now()), 60);
}

TEST_F(Care, ShowsWhatItAskedOfTheStore) {
  back_up_something();
  ASSERT_EQ(run(CareTask::forget).run.outcome, Outcome::done);
  Config config;
  config.care = {care_};
  const JobStates jobs(state_);
  std::map<std::string, prometheus::ClientMetric> of_gets;
  for (auto& family : backup_metrics({config, jobs, states_, zone_, clock_, meters_})->Collect()) {
    for (auto& metric : family.metric) {
      const std::vector<prometheus::ClientMetric::Label> labels = {{"repository", "web-1"},
                                                                   {"operation", "get"}};
      if (metric.label == labels) of_gets[family.name] = metric;
    }
  }
  const auto& took = of_gets.at("intendance_backup_store_request_duration_seconds").histogram;
  EXPECT_GE(took.sample_count, 2u) << "the trust object and a snapshot";
  EXPECT_GT(took.sample_sum, 0);
  ASSERT_EQ(took.bucket.size(), storage::latency_bounds.size() + 1);
  EXPECT_EQ(took.bucket.back().cumulative_count, took.sample_count);
  EXPECT_GT(of_gets.at("intendance_backup_store_request_bytes_total").counter.value, 500);
  EXPECT_EQ(of_gets.at("intendance_backup_store_request_failures_total").counter.value, 0);
}

// A year of a repository that grows, whose every third verify does not take place.
class Reading : public Care, public ::testing::WithParamInterface<const char*> {};

TEST_P(Reading, LeavesNoByteUnreadForNinetyDays) {
  const auto schedule = core::Schedule::parse(GetParam());
  auto now = parse_utc("2026-01-01T00:00:00Z");
  const auto end = now + std::chrono::days(365);
  const auto file = folder_.path() / "ledger";
  std::vector<VerifyLedger::Pack> packs;
  std::uint64_t read = 0, runs = 0;
  std::uint8_t first = 0;
  for (int number = 0; now < end; ++number) {
    now = schedule.next(now, zone_);
    if (number % 7 == 0 && packs.size() < 250) {
      for (int each = 0; each < 4; ++each) {
        PackName name{};
        name[0] = ++first;
        packs.push_back({name, 1000, now});
      }
    }
    VerifyLedger ledger(file, now);
    ledger.set_packs(packs);
    EXPECT_GT(*ledger.summary().oldest_unread, now - std::chrono::days(90))
        << core::format_utc(now);
    if (number % 3 == 2) continue;
    const auto turn = reading_turn(schedule, zone_, now);
    for (const auto& name : ledger.choose(turn.percent, turn.unread_since)) {
      ledger.record(name, true, now);
      ++read;
    }
    ledger.save();
    ++runs;
  }
  // And not much more than that: by the month everything, by the week less than a quarter a time.
  EXPECT_LE(read, runs * packs.size() / (schedule.text().starts_with("monthly") ? 1 : 4));
}

INSTANTIATE_TEST_SUITE_P(Schedules, Reading,
                         ::testing::Values("every 6h", "daily 04:00", "weekly sun 04:00",
                                           "monthly 1 04:00"));

} // namespace
} // namespace intendance::backupd
