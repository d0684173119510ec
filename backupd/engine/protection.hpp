// SPDX-License-Identifier: AGPL-3.0-or-later
// What keeps backups when somebody steals the credentials with which they are written: a store that
// keeps each version of an object and lets nobody remove it before a day that is set.
#pragma once

#include "backupd/repository/repository.hpp"

#include <chrono>
#include <stop_token>
#include <string>

namespace intendance::backupd {

// What a machine's backup removes: its own announcement. All else is removed with the hub's
// credentials.
inline constexpr const char* removed_by_machines[] = {"sessions/"};

struct Protection {
  // Whether the store itself showed that nobody, whatever his credentials, can remove what is
  // written before its lock ends.
  bool is_locked = false;
  // Of the lock in compliance that each new object gets; zero where the rules name none, and no
  // lock may be extended that its owner could still lift.
  std::chrono::days period{};
  std::string reason; // what is missing; empty when it is locked
};

// Asks the store for its rules, and looks at an object that it has whether they were followed: a
// server may not know the rules and answer as if it did. Throws what a store throws.
Protection look_at_protection(storage::ObjectStore& store, const std::string& object);

// Of a store that was protected when it was looked at before.
Finding protection_lost(const storage::ObjectStore& store, const std::string& reason);

// Extends the locks of all trust objects, snapshots, indexes and packs until then; how many. Packs
// that are marked to be deleted are no exception, for a thief can write marks. What was extended
// stays so when it throws.
std::uint64_t extend_locks(storage::ObjectStore& store, core::TimePoint until,
                           std::stop_token stop);

struct Undeleted {
  std::uint64_t removed = 0;      // objects that had been removed
  std::uint64_t written_over = 0; // objects that had other bytes
  std::vector<std::string> names; // of both, the first of them
};

// Undoes every removal and every writing over since then: an object is what was written first under
// its name, because nothing is ever modified in place. What a prune or forget removed since comes
// back too. With `dry_run` nothing is changed. Throws ConfigError for a store that keeps no
// versions.
Undeleted undelete(storage::ObjectStore& store, core::TimePoint since, bool dry_run,
                   std::stop_token stop);

} // namespace intendance::backupd
