// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/repack.hpp"

#include "backupd/engine/pack_check.hpp"
#include "core/sha256.hpp"

#include <algorithm>
#include <thread>

namespace intendance::backupd {

using core::CorruptData;

std::vector<BlockPlace> BlockCopies::find(const BlockPlace& place) const {
  std::vector<BlockPlace> found;
  const auto directory = blocks_.directory(place.pack);
  const auto& block = directory->blocks.at(place.block);
  const auto& first = directory->chunks.at(block.first_chunk);
  const auto same_chunk = [](const PackChunk& left, const PackChunk& right) {
    return left.id == right.id && left.length == right.length;
  };
  for (const auto& other : blocks_.locate(block.kind, first.id)) {
    if (other.block.pack == place.pack || excluded_.contains(other.block.pack)) continue;
    const auto its = blocks_.directory(other.block.pack);
    const auto& copy = its->blocks.at(other.block.block);
    const auto chunks = directory->chunks_of(block), its_chunks = its->chunks_of(copy);
    if (copy.kind == block.kind && copy.number == block.number && copy.stored == block.stored &&
        its->origins.at(copy.origin) == directory->origins.at(block.origin) &&
        std::equal(chunks.begin(), chunks.end(), its_chunks.begin(), its_chunks.end(),
                   same_chunk)) {
      found.push_back(other.block);
    }
  }
  return found;
}

Buffer BlockCopies::stored_bytes(const BlockPlace& place) const {
  const auto& block = blocks_.directory(place.pack)->blocks.at(place.block);
  Buffer bytes(block.stored);
  const auto name = blocks_.pack_name(place.pack);
  if (!repository_.store().read(name, block.offset, bytes)) throw CorruptData(name + ": is gone");
  return bytes;
}

bool BlockCopies::has_same(const BlockPlace& place) const {
  const auto copies = find(place);
  if (copies.empty()) return false;
  const auto wanted = stored_bytes(place);
  return std::any_of(copies.begin(), copies.end(), [&](const BlockPlace& copy) {
    try {
      return stored_bytes(copy) == wanted;
    } catch (const CorruptData&) {
      return false; // gone, or cut
    }
  });
}

std::vector<Finding> drop_damaged(BlockReader& blocks, const ChunkIndex& index,
                                  std::vector<std::uint32_t>& packs, std::stop_token stop,
                                  WorkCounters& work) {
  std::vector<Finding> findings;
  std::set<std::uint32_t> damaged;
  const auto threads = std::max(1u, std::thread::hardware_concurrency());
  check_packs(blocks, index, packs, threads, work, std::move(stop), [&](PackReport&& report) {
    for (const auto& problem : report.problems)
      findings.push_back({blocks.pack_name(report.pack), problem});
    if (!report.problems.empty()) damaged.insert(report.pack);
  });
  std::erase_if(packs, [&](std::uint32_t pack) { return damaged.contains(pack); });
  return findings;
}

bool Repacker::add(std::uint32_t pack, const LiveChunks& live, const BlockCopies& copies) {
  const auto directory = blocks_.directory(pack);
  bool any = false;
  for (std::uint32_t each = 0; each < directory->blocks.size(); ++each) {
    const auto& block = directory->blocks[each];
    const BlockPlace place{pack, each};
    if (!live.is_live(pack, block) || copies.has_same(place)) continue;
    auto& target = block.kind == ChunkKind::contents ? contents_ : structure_;
    if (!target) target = std::make_unique<PackWriter>(repository_.secrets(), spool_);
    target->add(directory->origins.at(block.origin), block.kind, block.number,
                copies.stored_bytes(place), directory->chunks_of(block));
    any = true;
    if (target->is_full()) store(target);
  }
  return any;
}

void Repacker::store(std::unique_ptr<PackWriter>& pack) {
  if (!pack) return;
  pack->finish();
  pack->store(repository_.store());
  stored_.push_back(pack->take_info());
  pack.reset();
}

std::vector<PackInfo> Repacker::finish() {
  store(contents_);
  store(structure_);
  if (!stored_.empty()) {
    const auto object = encode_index(stored_, repository_.secrets());
    repository_.store().put(index_object_name(core::sha256(object)), ByteView(object));
  }
  return std::move(stored_);
}

} // namespace intendance::backupd
