// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/scheduler.hpp"

#include "core/error.hpp"
#include "core/log.hpp"

#include <algorithm>

namespace intendance::backupd {

using core::TimePoint;

namespace {

// The last time that counts: a run by hand, too, moves the next one.
std::optional<TimePoint> anchor_of(const JobState& state) {
  if (state.last_run)
    return std::max(state.last_run->started, state.first_seen.value_or(state.last_run->started));
  return state.first_seen;
}

} // namespace

std::optional<TimePoint> next_run(const JobConfig& job, const JobState& state,
                                  const core::TimeZone& zone) {
  const auto anchor = anchor_of(state);
  if (!job.schedule || !anchor) return std::nullopt;
  return job.schedule->next(*anchor, zone);
}

bool is_overdue(const JobConfig& job, const JobState& state, const core::TimeZone& zone,
                TimePoint now) {
  const auto since = state.last_success ? state.last_success : state.first_seen;
  if (!job.schedule || !since) return false;
  const auto expected = job.schedule->next(*since, zone);
  const auto period = job.schedule->next(expected, zone) - expected;
  return now > expected + period / 4;
}

Scheduler::Scheduler(const std::vector<JobConfig>& jobs, const JobStates& states,
                     core::Clock& clock, core::TimeZone zone, Run run)
    : jobs_(jobs), states_(states), clock_(clock), zone_(std::move(zone)), run_(std::move(run)) {
  remember_new_jobs();
  thread_ = std::jthread([this](std::stop_token stop) { loop(stop); });
}

void Scheduler::remember_new_jobs() {
  for (const auto& job : jobs_) {
    auto state = states_.load(job.name);
    if (state.first_seen) continue;
    state.first_seen = clock_.now();
    states_.store(job.name, state);
  }
}

const JobConfig* Scheduler::next_due(TimePoint& when) const {
  const JobConfig* first = nullptr;
  for (const auto& job : jobs_) {
    const auto due = next_run(job, states_.load(job.name), zone_);
    if (!due || (first != nullptr && *due >= when)) continue;
    first = &job;
    when = *due;
  }
  return first;
}

void Scheduler::loop(std::stop_token stop) {
  // Not longer, because a run by hand may have moved what is due.
  constexpr auto longest_sleep = std::chrono::minutes(1);
  while (!stop.stop_requested()) {
    try {
      TimePoint when{};
      const auto* job = next_due(when);
      const auto now = clock_.now();
      if (job != nullptr && when <= now) {
        run_(*job, stop);
        // A job that another process runs just now did not move; it is asked again in a minute.
        if (next_run(*job, states_.load(job->name), zone_) != when) continue;
      }
      const auto latest = now + longest_sleep;
      clock_.sleep_until(job != nullptr && when > now ? std::min(when, latest) : latest, stop);
    } catch (const core::Cancelled&) {
      return;
    } catch (const std::exception& error) {
      core::log::error("schedule failed, going on in a minute", {{"reason", error.what()}});
      clock_.sleep_until(clock_.now() + longest_sleep, stop);
    }
  }
}

} // namespace intendance::backupd
