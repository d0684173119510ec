// SPDX-License-Identifier: AGPL-3.0-or-later
// Deletes what no snapshot needs, beside running backups and other prunes, without a lock
// (docs/garbage-collection.md). The maintenance key is enough.
#pragma once

#include "backupd/engine/work_counters.hpp"
#include "backupd/repository/chunk_index.hpp"
#include "backupd/repository/repository.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

struct PruneOptions {
  std::string machine; // who does it, for the mark
  // How long packs are marked before they are deleted, and how old they are before they are marked;
  // the repository's own (of its trust object) when nothing is said. A shorter one is safe where
  // the store shows at once what was put.
  std::optional<std::chrono::seconds> grace;
  // Packs of which less than this share is needed are rewritten.
  double repack_below = 0.5;
  bool dry_run = false;
  std::filesystem::path spool; // a folder for packs that are being rewritten
};

struct PruneReport {
  std::uint64_t snapshots = 0;
  std::uint64_t packs = 0, bytes = 0;               // before
  std::uint64_t marked = 0, marked_bytes = 0;       // by this run
  std::uint64_t waiting = 0;                        // marked packs whose time has not come
  std::uint64_t deleted = 0, deleted_bytes = 0;     // packs
  std::uint64_t rescued = 0;                        // of them, those that were needed: copied
  std::uint64_t rewritten = 0, rewritten_bytes = 0; // packs whose needed blocks were copied
  std::uint64_t sessions = 0;                       // backups that run just now
  std::vector<std::string> held_back;               // why something was not deleted yet
  std::vector<Finding> findings;
};

// `index` is made anew from the repository's own. Throws Error when what is needed cannot be known;
// nothing is lost by that, nor by a crash: the next prune goes on.
PruneReport prune(const Repository& repository, ChunkIndex& index, const PruneOptions& options,
                  std::stop_token stop, WorkCounters* work = nullptr);

} // namespace intendance::backupd
