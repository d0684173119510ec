// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/config.hpp"
#include "backupd/schedule/job_state.hpp"
#include "core/calendar.hpp"

#include <functional>
#include <optional>
#include <thread>

namespace intendance::backupd {

// When a job is next due. A run that was missed while the machine was off is due at once.
std::optional<core::TimePoint> next_run(const JobConfig& job, const JobState& state,
                                        const core::TimeZone& zone);
// Whether a success is late by more than a quarter of the job's period.
bool is_overdue(const JobConfig& job, const JobState& state, const core::TimeZone& zone,
                core::TimePoint now);

// Runs jobs one after the other when they are due, on a thread of its own, until destroyed. A job
// that fails is due again at its next time. What `run` throws is logged.
class Scheduler {
public:
  using Run = std::function<void(const JobConfig& job, std::stop_token stop)>;
  // References must outlive it.
  Scheduler(const std::vector<JobConfig>& jobs, const JobStates& states, core::Clock& clock,
            core::TimeZone zone, Run run);

private:
  void remember_new_jobs();
  void loop(std::stop_token stop);
  const JobConfig* next_due(core::TimePoint& when) const;

  const std::vector<JobConfig>& jobs_;
  const JobStates& states_;
  core::Clock& clock_;
  core::TimeZone zone_;
  Run run_;
  std::jthread thread_; // last: it uses the others
};

} // namespace intendance::backupd
