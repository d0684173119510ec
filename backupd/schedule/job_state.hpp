// SPDX-License-Identifier: AGPL-3.0-or-later
// What is remembered of each job between runs and restarts, whoever ran it: one small file a job in
// the state folder, shared by the daemon and the command line.
#pragma once

#include "backupd/schedule/state_folder.hpp"

namespace intendance::backupd {

struct RunRecord {
  core::TimePoint started, finished;
  Outcome outcome = Outcome::failed;
  std::string error;    // when failed
  std::string snapshot; // hex, when not failed
  std::uint64_t files = 0, new_files = 0, changed_files = 0, unchanged_files = 0;
  std::uint64_t bytes = 0;      // of the snapshot's files
  std::uint64_t read_bytes = 0; // of those that were read, because they may have changed
  std::uint64_t new_bytes = 0, stored_bytes = 0, warnings = 0;
  bool locked =
      false; // whether the store showed that nobody can remove what was stored, for a time
};

struct JobState {
  std::optional<core::TimePoint> first_seen; // when the daemon first knew of the job
  std::optional<core::TimePoint> last_success;
  std::optional<RunRecord> last_run;
  std::uint64_t failures = 0; // runs since the last success
};

// One process at a time changes a job's state: whoever holds its JobLock.
class JobStates {
public:
  explicit JobStates(const std::filesystem::path& state_folder) : folder_(state_folder / "jobs") {}
  // An absent or damaged file is an empty state (and a warning in the log).
  JobState load(const std::string& job) const;
  void store(const std::string& job, const JobState& state) const;
  // Whether somebody runs the job just now.
  bool is_running(const std::string& job) const { return folder_.is_locked(job); }

private:
  friend class JobLock;
  StateFolder folder_;
};

// Held while a job runs. Throws Error when another process, or thread, holds it.
class JobLock {
public:
  JobLock(const JobStates& states, const std::string& job);

private:
  std::optional<core::FileDescriptor> file_;
};

} // namespace intendance::backupd
