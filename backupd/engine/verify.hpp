// SPDX-License-Identifier: AGPL-3.0-or-later
// Proves that a repository is whole: every snapshot signed, every chunk that one needs in a pack of
// the right size, and with read_data every stored byte what was written.
#pragma once

#include "backupd/engine/verify_ledger.hpp"
#include "backupd/engine/work_counters.hpp"
#include "backupd/repository/chunk_index.hpp"
#include "backupd/repository/repository.hpp"

#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

struct VerifyOptions {
  bool read_data = false;
  double percent = 100; // of the stored bytes, with read_data: those unread for longest
  std::optional<core::TimePoint> unread_since = {}; // and beyond that, all unread since then
  // Learns what was read and says what to read; without one, nothing counts as read before.
  VerifyLedger* ledger = nullptr;
};

struct DamagedFile {
  SnapshotName snapshot{};
  std::string path;
};

struct VerifyReport {
  std::uint64_t snapshots = 0, packs = 0, chunks = 0;
  std::uint64_t packs_read = 0, bytes_read = 0;
  LedgerSummary reading;            // of all runs, this one included
  std::vector<Finding> findings;    // damage, each with the object's name
  std::vector<Finding> remarks;     // what costs nothing, and somebody should look into
  std::vector<DamagedFile> damaged; // what it costs; known with a reader key only
  bool files_known = false;
};

// `index` is made anew from the repository's own. When something is wrong and packs or indexes were
// removed meanwhile, it begins again: a prune moved them.
VerifyReport verify(const Repository& repository, ChunkIndex& index, const VerifyOptions& options,
                    std::stop_token stop, WorkCounters* work = nullptr);

} // namespace intendance::backupd
