// SPDX-License-Identifier: AGPL-3.0-or-later
// A snapshot as plain sealed files in another store, for tapes, which want few and large ones: with
// age, zstd and tar alone everything can be restored from them.
#pragma once

#include "backupd/engine/snapshot_reader.hpp"
#include "backupd/engine/work_counters.hpp"

#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

struct ArchiveRequest {
  std::uint64_t part = 10'000'000'000;  // bytes of a part before it is sealed
  std::vector<AgeRecipient> recipients; // at least one
  std::filesystem::path state;          // a folder: for one part, and for what is done of it
  std::string repository;               // its address, for whoever reads the archive
};

struct ArchiveReport {
  std::string folder;                // "tei/2026-11-28t02-15-31z-7f3a9c1e", in the store
  std::uint64_t parts = 0, kept = 0; // of them, those that an earlier run had stored
  std::uint64_t bytes = 0;           // of all parts as they are stored
  bool was_there = false;            // the whole archive
};

// Where an archive of the snapshot lies.
std::string archive_folder(const Snapshot& snapshot);

// Writes parts "part-0001.tar.zst.age", each an age file of its own, reads each back, and when all
// are there the texts "lisezmoi.txt" and "sha256sums", whose being there says that the archive is
// whole. A run that was broken off is gone on with: parts that are stored are not sent again.
// Throws what stops it.
ArchiveReport write_archive(SnapshotReader& reader, const Snapshot& snapshot,
                            storage::ObjectStore& store, const ArchiveRequest& request,
                            std::stop_token stop, WorkCounters* work = nullptr);

// Removes whole archives of the job but the newest `keep`, and what is left of broken ones of older
// snapshots; how many archives.
std::uint64_t forget_archives(storage::ObjectStore& store, const std::string& job,
                              std::uint64_t keep);

} // namespace intendance::backupd
