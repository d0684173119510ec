// SPDX-License-Identifier: AGPL-3.0-or-later
// What is left of a snapshot whose manifest or contents lost something.
#pragma once

#include "backupd/engine/lost_chunks.hpp"
#include "backupd/repository/block_reader.hpp"
#include "backupd/repository/manifest.hpp"

#include <functional>
#include <set>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

// A part of a manifest that cannot be read.
struct ManifestGap {
  std::string first; // path of its first record; empty when that is lost too
  std::string message;
};

// The pages that can be read, in order, and the gaps between them. Throws TransientError,
// AccessDenied: what cannot be read now is not lost.
void for_each_surviving_page(BlockReader& blocks, const SnapshotBody& body,
                             const std::function<void(std::vector<Entry>&&)>& page,
                             const std::function<void(const ManifestGap&)>& gap);

struct SnapshotLosses {
  std::vector<SnapshotWarning> named; // each lost file and each gap, in the order of paths
  std::set<std::string> left_out;     // paths whose records cannot be kept
  bool references = false;            // lists of what it needs; costs no file
  bool any() const { return references || !named.empty(); }
};

// Reads the whole manifest, no contents. Throws as above, and Cancelled.
SnapshotLosses survey(BlockReader& blocks, const LostChunks& lost, const Snapshot& snapshot,
                      const SnapshotBody& body, std::stop_token stop);

} // namespace intendance::backupd
