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
  return is_late(job.schedule, state.last_success ? state.last_success : state.first_seen, zone,
                 now);
}

bool is_late(const std::optional<core::Schedule>& schedule, const std::optional<TimePoint>& since,
             const core::TimeZone& zone, TimePoint now) {
  if (!schedule || !since) return false;
  const auto expected = schedule->next(*since, zone);
  const auto period = schedule->next(expected, zone) - expected;
  return now > expected + period / 4;
}

std::vector<Duty> job_duties(const std::vector<JobConfig>& jobs, const JobStates& states,
                             const core::Clock& clock, const core::TimeZone& zone,
                             const RunJob& run) {
  std::vector<Duty> duties;
  for (const auto& job : jobs) {
    auto state = states.load(job.name);
    if (!state.first_seen) {
      state.first_seen = clock.now();
      states.store(job.name, state);
    }
    duties.push_back({[&] { return next_run(job, states.load(job.name), zone); },
                      [&job, run](std::stop_token stop) { run(job, std::move(stop)); }});
  }
  return duties;
}

Scheduler::Scheduler(std::vector<Duty> duties, core::Clock& clock)
    : duties_(std::move(duties)), clock_(clock) {
  thread_ = std::jthread([this](std::stop_token stop) { loop(stop); });
}

std::vector<std::pair<TimePoint, const Duty*>> Scheduler::in_order() const {
  std::vector<std::pair<TimePoint, const Duty*>> order;
  for (const auto& duty : duties_) {
    if (const auto due = duty.due()) order.emplace_back(*due, &duty);
  }
  std::stable_sort(order.begin(), order.end(),
                   [](const auto& left, const auto& right) { return left.first < right.first; });
  return order;
}

// Whether it is done, and due at another time now.
bool Scheduler::do_duty(const Duty& duty, TimePoint when, std::stop_token stop) const {
  try {
    duty.run(std::move(stop));
    return duty.due() != when;
  } catch (const core::Cancelled&) {
    throw;
  } catch (const std::exception& error) { // the boundary of one duty
    core::log::error("schedule failed, trying again in a minute", {{"reason", error.what()}});
    return false;
  }
}

void Scheduler::loop(std::stop_token stop) {
  // Not longer, because a run by hand may have moved what is due.
  constexpr auto longest_sleep = std::chrono::minutes(1);
  while (!stop.stop_requested()) {
    try {
      const auto now = clock_.now();
      auto wake = now + longest_sleep;
      bool moved = false;
      for (const auto& [when, duty] : in_order()) {
        if (when > now) {
          wake = std::min(wake, when);
          break;
        }
        // What another process does just now did not move; it is asked again in a minute.
        moved = do_duty(*duty, when, stop);
        if (moved) break;
      }
      if (!moved) clock_.sleep_until(wake, stop);
    } catch (const core::Cancelled&) {
      return;
    } catch (const std::exception& error) {
      core::log::error("schedule failed, going on in a minute", {{"reason", error.what()}});
      clock_.sleep_until(clock_.now() + longest_sleep, stop);
    }
  }
}

} // namespace intendance::backupd
