// SPDX-License-Identifier: AGPL-3.0-or-later
// What is remembered of each job between runs and restarts, whoever ran it: one small file a job in
// the state folder, shared by the daemon and the command line.
#pragma once

#include "core/clock.hpp"
#include "core/file.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace intendance::backupd {

enum class Outcome { done, warnings, failed };

struct RunRecord {
  core::TimePoint started, finished;
  Outcome outcome = Outcome::failed;
  std::string error;    // when failed
  std::string snapshot; // hex, when not failed
  std::uint64_t files = 0, read_bytes = 0, new_bytes = 0, stored_bytes = 0, warnings = 0;
};

struct JobState {
  std::optional<core::TimePoint> first_seen; // when the daemon first knew of the job
  std::optional<core::TimePoint> last_success;
  std::optional<RunRecord> last_run;
};

// One process at a time changes a job's state: whoever holds its JobLock.
class JobStates {
public:
  explicit JobStates(const std::filesystem::path& state_folder);
  // An absent or damaged file is an empty state (and a warning in the log).
  JobState load(const std::string& job) const;
  void store(const std::string& job, const JobState& state) const;
  // Whether somebody runs the job just now.
  bool is_running(const std::string& job) const;

private:
  friend class JobLock;
  std::filesystem::path folder_;
};

// Held while a job runs. Throws Error when another process, or thread, holds it.
class JobLock {
public:
  JobLock(const JobStates& states, const std::string& job);

private:
  core::FileDescriptor file_;
};

} // namespace intendance::backupd
