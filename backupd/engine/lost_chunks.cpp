// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/lost_chunks.hpp"

#include <algorithm>

namespace intendance::backupd {

bool LostChunks::is_lost(const ChunkId& id) const {
  const auto& places = index_.find(id);
  return std::all_of(places.begin(), places.end(), [&](const ChunkPlace& place) {
    const auto damaged = in_.find(place.pack);
    return packs_.contains(place.pack) || (damaged != in_.end() && damaged->second.contains(id));
  });
}

} // namespace intendance::backupd
