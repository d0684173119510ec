// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/chunk_index.hpp"

#include <map>
#include <set>

namespace intendance::backupd {

// What cannot be had of the packs of an index, which must outlive it.
class LostChunks {
public:
  explicit LostChunks(const ChunkIndex& index) : index_(index) {}

  void lose_pack(std::uint32_t pack) { packs_.insert(pack); }
  void lose(std::uint32_t pack, const std::vector<ChunkId>& chunks) {
    if (!chunks.empty()) in_[pack].insert(chunks.begin(), chunks.end());
  }

  bool any() const { return !packs_.empty() || !in_.empty(); }
  // Whether a chunk lies nowhere undamaged.
  bool is_lost(const ChunkId& id) const;

private:
  const ChunkIndex& index_;
  std::set<std::uint32_t> packs_;                 // all of these
  std::map<std::uint32_t, std::set<ChunkId>> in_; // of packs that hold other chunks still
};

} // namespace intendance::backupd
