// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/work_counters.hpp"
#include "backupd/repository/block_reader.hpp"

#include <cstdint>
#include <set>
#include <stop_token>
#include <vector>

namespace intendance::backupd {

// Which chunks of which packs some snapshot needs, wherever they lie; one bit a chunk.
class LiveChunks {
public:
  // Reads every snapshot and every reference list. Throws Error when one cannot be read, or a chunk
  // is nowhere: what is needed is not known then, and nothing may be deleted. What is not a trusted
  // writer's snapshot becomes a finding. The index must be made of the packs' own directories,
  // because anybody who holds a writer's key can write a wrong index; it must not change meanwhile.
  // Begins a phase of `work`.
  LiveChunks(const Repository& repository, const ChunkIndex& index, BlockReader& blocks,
             WorkCounters& work, std::stop_token stop, std::vector<Finding>& findings);

  std::uint64_t snapshots() const { return snapshots_; }
  bool any_in(std::uint32_t pack) const { return pack < live_.size() && !live_[pack].empty(); }
  bool is_live(std::uint32_t pack, std::uint32_t chunk) const {
    return any_in(pack) && chunk < live_[pack].size() && live_[pack][chunk];
  }
  bool is_live(std::uint32_t pack, const PackBlock& block) const; // any chunk of it

private:
  void add_snapshot(const Snapshot& snapshot, BlockReader& blocks);
  bool add(const ChunkId& id); // false when it is nowhere

  const ChunkIndex& index_;
  std::vector<std::vector<bool>> live_; // by pack; empty when none is
  std::set<ChunkId> lists_;             // done already, for another snapshot
  std::uint64_t snapshots_ = 0;
};

} // namespace intendance::backupd
