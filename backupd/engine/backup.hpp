// SPDX-License-Identifier: AGPL-3.0-or-later
// One backup: walk, read, chunk, store, and at the end one snapshot.
#pragma once

#include "backupd/engine/walker.hpp"
#include "backupd/engine/work_counters.hpp"
#include "backupd/repository/repository.hpp"

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

// Contents that no file holds: a database's dump. `produce` hands them over piece by piece and
// throws when they are not complete, in which case no snapshot comes to be.
struct Stream {
  std::string path; // absolute, where it stands in the snapshot
  std::function<void(const std::function<void(ByteView)>& sink)> produce;
};

struct BackupRequest {
  std::string machine, job;
  std::vector<std::filesystem::path> roots; // absolute
  std::vector<Stream> streams;
  WalkOptions walk;
  // Folder for spool files and for what makes the next run quick; losing it costs time only.
  std::filesystem::path state;
  WorkTotal expected; // for who looks on
};

struct BackupResult {
  SnapshotName snapshot{};
  SnapshotHeader header;
  // Of header.files, by what the last backup knew of their names; dumps count as changed.
  std::uint64_t new_files = 0, changed_files = 0, unchanged_files = 0;
  std::uint64_t read_bytes = 0;          // of files and dumps, because they may have changed
  std::vector<SnapshotWarning> warnings; // the first 1000; header.warnings counts all
  std::vector<Finding> findings;         // about the repository
};

// Throws Error when nothing could be committed; the repository is as good as before.
BackupResult back_up(Repository& repository, const BackupRequest& request, std::stop_token stop,
                     WorkCounters* work = nullptr);

} // namespace intendance::backupd
