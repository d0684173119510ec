// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/config.hpp"
#include "backupd/engine/backup.hpp"
#include "backupd/schedule/job_state.hpp"

#include <functional>
#include <stop_token>

namespace intendance::backupd {

struct JobRun {
  RunRecord record;
  std::vector<SnapshotWarning> warnings;
  std::vector<Finding> findings;
};

// What every job needs to know of this machine.
struct JobSetting {
  std::string machine;
  std::filesystem::path state;
  Priority priority = {};                 // of a job that the scheduler runs
  storage::StoreMeters* meters = nullptr; // outlives whatever uses it
};

// Runs a job now and remembers how it went, whatever happens. Throws Error when the job is running
// already or the state folder cannot be used, Cancelled when asked to stop (nothing is remembered,
// the job is still due); a failed backup is a record, not an exception.
JobRun run_job(const JobConfig& job, const JobSetting& setting, std::stop_token stop,
               WorkCounters* work = nullptr);

// run_job() for the scheduler: gives way, and logs what it found and how it ended.
std::function<void(const JobConfig&, std::stop_token)> logged_runner(const JobSetting& setting);

} // namespace intendance::backupd
