// SPDX-License-Identifier: AGPL-3.0-or-later
// How backups and prunes tell each other what they do, without locks (docs/garbage-collection.md):
// a session is a running backup, a mark names packs that a prune wants to delete.
#pragma once

#include "backupd/repository/repository.hpp"

#include <chrono>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

namespace intendance::backupd {

// A session that is older by the store's clock counts for nothing.
inline constexpr std::chrono::hours session_life{24 * 7};
// Between the announcement of a commit and the commit, by the writer's own clock.
inline constexpr std::chrono::hours commit_limit{1};

struct Mark {
  std::string object;       // "marks/…"
  core::TimePoint stored{}; // by the store's clock
  std::string machine;      // of who made it
  std::vector<PackName> packs;
};

// Every mark there is. One that cannot be read is a finding: what it names is not known.
std::vector<Mark> read_marks(const Repository& repository, std::vector<Finding>& findings);
// Returns the object's name.
std::string put_mark(const Repository& repository, const std::string& machine,
                     const std::vector<PackName>& packs);

struct SessionInfo {
  std::string object;       // "sessions/…"
  core::TimePoint stored{}; // by the store's clock
};
std::vector<SessionInfo> list_sessions(const Repository& repository);

// A backup that announces itself; the destructor withdraws it. Time that the machine sleeps counts.
// Its name stands in a locked file in `memory`, so that withdraw_dead_sessions() knows it when the
// process was killed; without that folder, or when it cannot be written, only time ends it.
class Session {
public:
  Session(const Repository& repository, const std::string& machine, const std::string& job,
          const std::filesystem::path& memory = {});
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  std::chrono::nanoseconds age() const;
  const std::string& object() const { return object_; }

private:
  void remember(const std::filesystem::path& memory);
  const Repository& repository_;
  std::string object_;
  std::filesystem::path file_; // empty when it is not remembered
  core::FileDescriptor held_;  // locked while the process lives
  std::chrono::nanoseconds begun_;
};

// Where a machine remembers its sessions.
std::filesystem::path session_memory(const std::filesystem::path& state,
                                     const Repository& repository);
// Withdraws those whose process is gone, when they are older than `running` by more than the commit
// limit: until then a snapshot that was on its way when its writer died may still arrive.
void withdraw_dead_sessions(const Repository& repository, const std::filesystem::path& memory,
                            const Session& running);

} // namespace intendance::backupd
