// SPDX-License-Identifier: AGPL-3.0-or-later
// Makes, of each snapshot that lost something, a new one that holds the rest. Nothing that is
// stored is modified; the damaged snapshot stays until it is forgotten.
#pragma once

#include "backupd/engine/snapshot_survey.hpp"
#include "backupd/engine/work_counters.hpp"

#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

struct RepairOptions {
  bool dry_run = false;
  std::filesystem::path state; // where the machine's chain of snapshots is remembered
  std::filesystem::path spool; // folder for packs before they are stored
};

struct DamagedSnapshot {
  Snapshot snapshot;
  SnapshotLosses losses;
  std::optional<SnapshotName> by; // the one that holds the rest
  SnapshotHeader rest;            // of the one made now; empty when none was
  std::string reason;             // why there is none, or that there is one already
  bool hopeless = false;          // nothing can be made of it with these keys
};

struct RepairReport {
  std::uint64_t snapshots = 0, packs = 0, bytes_read = 0;
  std::vector<DamagedSnapshot> damaged;
  std::vector<Finding> findings;
};

// One repository, opened with a reader's key and with a writer's, and an empty index. Reads every
// stored byte first. Throws Error when indexes must be made anew before, or when a prune comes in
// between.
RepairReport repair(const Repository& reader, Repository& writer, ChunkIndex& index,
                    const RepairOptions& options, std::stop_token stop,
                    WorkCounters* work = nullptr);

} // namespace intendance::backupd
