// SPDX-License-Identifier: AGPL-3.0-or-later
// What is remembered of the care for each repository, whoever took it: one small file a repository
// in the state folder, by the name it has in the configuration.
#pragma once

#include "backupd/engine/upkeep.hpp"
#include "backupd/schedule/state_folder.hpp"

#include <array>

namespace intendance::backupd {

enum class CareTask { forget, prune, verify, archive };
inline constexpr std::array<CareTask, 4> care_tasks = {CareTask::forget, CareTask::prune,
                                                       CareTask::verify, CareTask::archive};
std::string_view name_of(CareTask task);

struct CareRun {
  core::TimePoint started, finished;
  Outcome outcome = Outcome::failed; // warnings: something was found
  std::string error;                 // when failed
  std::uint64_t findings = 0;        // damage and remarks together
};

struct TaskState {
  std::optional<core::TimePoint> last_success; // when it last came to its end, whatever it found
  std::optional<CareRun> last_run;
  std::uint64_t failures = 0; // runs since the last success
};

// Of the last run of each that came to its end.
struct ForgetFigures {
  std::uint64_t kept = 0, removed = 0; // snapshots
};
struct PruneFigures {
  std::uint64_t marked_bytes = 0, waiting_packs = 0, deleted_packs = 0, freed_bytes = 0;
};
struct VerifyFigures {
  std::uint64_t packs = 0, packs_read = 0, bytes_read = 0;
  std::uint64_t damaged_objects = 0;
  std::optional<std::uint64_t> lost_files; // of any snapshot; only a reader's key tells
  std::uint64_t never_read_bytes = 0;
  std::optional<core::TimePoint> oldest_unread; // see LedgerSummary
};

// After the last prune, which extends locks.
struct LockFigures {
  bool is_locked = false;
  std::string reason;                      // why not
  std::optional<core::TimePoint> extended; // when the locks of all that is kept last were
};

struct ArchiveFigures {
  std::uint64_t written = 0; // archives, by the last run that came to its end
  std::uint64_t bytes = 0;   // of these
};

struct CareState {
  std::string repository_id;                 // hex; empty before the first run
  std::optional<core::TimePoint> first_seen; // when the daemon first knew of the care
  std::array<TaskState, care_tasks.size()> tasks;
  std::optional<ForgetFigures> forget;
  std::optional<PruneFigures> prune;
  std::optional<VerifyFigures> verify;
  std::optional<LockFigures> lock;
  std::optional<ArchiveFigures> archive;
  std::optional<RepositorySize> size; // after the last run of any

  TaskState& of(CareTask task) { return tasks.at(static_cast<std::size_t>(task)); }
  const TaskState& of(CareTask task) const { return tasks.at(static_cast<std::size_t>(task)); }
};

// One process at a time changes the state of a repository's care: whoever holds its CareLock.
class CareStates {
public:
  explicit CareStates(const std::filesystem::path& state_folder) : folder_(state_folder / "care") {}
  // An absent or damaged file is an empty state (and a warning in the log).
  CareState load(const std::string& repository) const;
  void store(const std::string& repository, const CareState& state) const;
  bool is_running(const std::string& repository) const { return folder_.is_locked(repository); }

private:
  friend class CareLock;
  StateFolder folder_;
};

// Held while somebody prunes or verifies, and may use a folder meanwhile, which is empty at first.
// Throws Error when another process, or thread, holds it.
class CareLock {
public:
  CareLock(const CareStates& states, const std::string& repository);
  ~CareLock();
  CareLock(const CareLock&) = delete;
  CareLock& operator=(const CareLock&) = delete;
  const std::filesystem::path& scratch() const { return scratch_; }

private:
  std::optional<core::FileDescriptor> file_;
  std::filesystem::path scratch_;
};

} // namespace intendance::backupd
