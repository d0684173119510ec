// SPDX-License-Identifier: AGPL-3.0-or-later
// What a snapshot may be built on beside prunes (docs/garbage-collection.md).
#pragma once

#include "backupd/repository/announcements.hpp"
#include "backupd/repository/chunk_index.hpp"

#include <string>
#include <vector>

namespace intendance::backupd {

// Those that the store shows, in the order of their names.
std::vector<PackName> list_packs(const Repository& repository);

// Chunks in packs that a prune wants to delete, or deleted, or that no index names, count as not
// stored, and so do those that a revoked writer may have placed.
//
// What an index says of a pack is believed here, and not held against the pack's own directory:
// that would be a request for each pack and each backup. Indexes are sealed, so that only whoever
// holds a key of this repository can write a wrong one, and the machine's own is revoked with all
// that it may have placed. Readers, prunes and verify go by the packs' own directories; verify
// names an index that differs, and the chunks that a snapshot built on it lacks.
void set_usable_packs(const Repository& repository, const std::vector<Mark>& marks,
                      const std::vector<PackName>& present, ChunkIndex& index);

// The same, with an index that is brought up to date beside it.
void update_usable_packs(const Repository& repository, ChunkIndex& index,
                         std::vector<Finding>& findings);

// Whether all that a snapshot is built on, by its place in the index, is there and will stay.
bool stands_firm(const Repository& repository, const ChunkIndex& index,
                 const std::vector<bool>& used_packs, std::vector<Finding>& findings);

// A machine that was suspended while it committed does not know how long: the store does. Takes a
// snapshot that came too late away and throws Error.
void check_commit_times(const Repository& repository, const Session& announcement,
                        const std::string& snapshot);

} // namespace intendance::backupd
