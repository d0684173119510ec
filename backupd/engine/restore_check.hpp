// SPDX-License-Identifier: AGPL-3.0-or-later
// Reads back what a restore wrote, and holds it against the snapshot.
#pragma once

#include "backupd/engine/restore.hpp"

#include <set>

namespace intendance::backupd {

struct RestoreCheck {
  std::uint64_t files = 0, bytes = 0; // that were read and are the snapshot's
  std::vector<RestoreProblem> problems;
};

// Everything that the request asks for and that is not in `failed` (paths in the target with a '/'
// before them, of which the restore said already that they are not there): the kind of each thing,
// where links point, and of files every byte, by the names of its chunks, which nobody can make
// without the keys. From the disk, as far as the kernel gives up what it holds in memory. Nothing
// outside the target is followed. Problems are Loss::everything where the restore was to replace
// what was there, else Loss::attributes. Throws Error when nothing can go on, and Cancelled.
RestoreCheck check_restored(SnapshotReader& snapshot, const RestoreRequest& request,
                            const std::set<std::string>& failed, std::stop_token stop,
                            WorkCounters* work = nullptr);

} // namespace intendance::backupd
