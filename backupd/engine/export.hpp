// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/archive_writer.hpp"
#include "backupd/engine/snapshot_reader.hpp"
#include "backupd/engine/work_counters.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>

namespace intendance::backupd {

struct ExportRequest {
  ArchiveFormat format = ArchiveFormat::tar;
  PathFilter paths;      // with the folders that lead to them
  std::size_t strip = 0; // leading parts of each path that are dropped
  WorkTotal expected;    // for who looks on
};

struct ExportResult {
  std::uint64_t files = 0, directories = 0, other = 0;
  std::uint64_t bytes = 0; // of files, holes included
  std::map<ArchiveLoss::Kind, std::uint64_t> losses;
};

// Hears of each thing that the archive does not keep; of parts of seconds only the result tells.
using HearLoss = std::function<void(const std::string& path, const ArchiveLoss& loss)>;

// Writes what the snapshot holds as one archive to `out`, and finishes `out`. Throws what stops it,
// damaged contents too, with the file's name: then `out` is not finished. Throws Error when nothing
// is of those paths, Cancelled when asked to stop. Memory does not grow with the files' sizes.
ExportResult export_snapshot(SnapshotReader& snapshot, const ExportRequest& request, Sink& out,
                             std::stop_token stop, const HearLoss& hear,
                             WorkCounters* work = nullptr);

} // namespace intendance::backupd
