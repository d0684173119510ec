// SPDX-License-Identifier: AGPL-3.0-or-later
// Puts files back: each is there entirely or not at all, whatever links somebody left in the
// target.
#pragma once

#include "backupd/engine/restore_target.hpp"
#include "backupd/engine/snapshot_reader.hpp"
#include "backupd/engine/work_counters.hpp"

#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

struct RestoreRequest {
  std::filesystem::path target; // made when it is not there
  PathFilter paths;
  std::size_t strip = 0; // leading parts of each path that are dropped
  bool dry_run = false;
  TargetOptions options;
  WorkTotal expected; // for who looks on
};

struct RestoreProblem {
  std::string path, message;
  Loss loss = Loss::attributes;
};

struct RestoreResult {
  std::uint64_t files = 0, directories = 0, other = 0, bytes = 0;
  std::uint64_t kept = 0; // of these, left as they were in the target
  // What could not be put back, or not with all its attributes.
  std::vector<RestoreProblem> problems;
  bool complete() const; // nothing but attributes is missing
};

// Durable when it returns. A file that fails is reported and the others go on; throws Error only
// when nothing can go on, and Cancelled when asked to stop. May be run again after either.
RestoreResult restore(SnapshotReader& snapshot, const RestoreRequest& request, std::stop_token stop,
                      WorkCounters* work = nullptr);

} // namespace intendance::backupd
