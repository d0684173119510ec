// SPDX-License-Identifier: AGPL-3.0-or-later
// Indexes: in which pack each chunk lies.
#pragma once

#include "backupd/repository/pack.hpp"

#include <optional>
#include <unordered_map>
#include <vector>

namespace intendance::backupd {

std::string index_object_name(const core::Digest& name); // "indexes/…"

Buffer encode_index(const std::vector<PackInfo>& packs, const core::SecretBytes& structure);
// Throws CorruptData.
std::vector<PackInfo> decode_index(ByteView object, const core::SecretBytes& structure);

struct ChunkLocation {
  const PackInfo* pack = nullptr;
  std::size_t number = 0; // of the entry in its pack
  const PackEntry& entry() const { return pack->entries[number]; }
};

// All that is known of where chunks lie. Packs are added, never removed; locations stay valid.
class ChunkIndex {
public:
  void add(PackInfo pack);
  std::optional<ChunkLocation> find(const ChunkId& id) const;
  bool contains(const ChunkId& id) const { return places_.contains(id); }
  const std::vector<std::unique_ptr<PackInfo>>& packs() const { return packs_; }
  std::size_t chunk_count() const { return places_.size(); }

private:
  std::vector<std::unique_ptr<PackInfo>> packs_;
  std::unordered_map<ChunkId, ChunkLocation, ChunkIdHash> places_;
};

} // namespace intendance::backupd
