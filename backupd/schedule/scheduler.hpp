// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/config.hpp"
#include "backupd/schedule/job_state.hpp"
#include "core/calendar.hpp"

#include <functional>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

namespace intendance::backupd {

// When a job is next due. A run that was missed while the machine was off is due at once.
std::optional<core::TimePoint> next_run(const JobConfig& job, const JobState& state,
                                        const core::TimeZone& zone);
// Whether a success is late by more than a quarter of the job's period.
bool is_overdue(const JobConfig& job, const JobState& state, const core::TimeZone& zone,
                core::TimePoint now);
// The same of anything that was done, or known, last at `since`; never without a schedule.
bool is_late(const std::optional<core::Schedule>& schedule,
             const std::optional<core::TimePoint>& since, const core::TimeZone& zone,
             core::TimePoint now);

// Something to be done again and again. Both are called on the scheduler's thread; `due` says when
// next, by what is remembered of the last run, which may have been somebody else's.
struct Duty {
  std::function<std::optional<core::TimePoint>()> due;
  std::function<void(std::stop_token stop)> run;
};

// A duty for each job, and each job remembered as known. References must outlive them.
using RunJob = std::function<void(const JobConfig& job, std::stop_token stop)>;
std::vector<Duty> job_duties(const std::vector<JobConfig>& jobs, const JobStates& states,
                             const core::Clock& clock, const core::TimeZone& zone,
                             const RunJob& run);

// Does duties one after the other when they are due, the first of the list first of those due at
// one time, on a thread of its own, until destroyed. What `run` throws is logged, and neither that
// nor what somebody else is at holds other duties up.
class Scheduler {
public:
  // The clock must outlive it.
  Scheduler(std::vector<Duty> duties, core::Clock& clock);

private:
  void loop(std::stop_token stop);
  std::vector<std::pair<core::TimePoint, const Duty*>> in_order() const;
  bool do_duty(const Duty& duty, core::TimePoint when, std::stop_token stop) const;

  std::vector<Duty> duties_;
  core::Clock& clock_;
  std::jthread thread_; // last: it uses the others
};

} // namespace intendance::backupd
