// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/chunk_writer.hpp"

namespace intendance::backupd {

namespace {

// Large enough for small files to be compressed as one text, small enough to be read for one file.
constexpr std::size_t full_block = std::size_t{1} << 20;
// Of a block of several chunks: several blocks are in memory at once, in several states.
constexpr std::size_t largest_shared_block = full_block + (std::size_t{256} << 10);

} // namespace

ChunkWriter::ChunkWriter(Repository& repository, ChunkIndex& index,
                         const PackPipeline::Options& options)
    : repository_(repository), index_(index), session_(begin_session(repository.trust())),
      pipeline_(repository, session_, options) {
  for (const auto kind : {ChunkKind::contents, ChunkKind::manifest, ChunkKind::references})
    open_block(kind).kind = kind;
  open_.back().kind = ChunkKind::manifest;
  for (auto& block : open_) block.number = next_number_++;
}

void ChunkWriter::mark_used(std::uint32_t pack) {
  if (used_packs_.size() <= pack) used_packs_.resize(index_.packs().size());
  used_packs_.at(pack) = true;
}

WrittenChunk ChunkWriter::put(OpenBlock& block, ByteView raw) {
  if (raw.size() > longest_chunk) throw core::Error("a chunk is longer than may be");
  const auto id = repository_.namer().name(session_.origin.epoch, block.kind, raw);
  const auto pending = pending_.find(id);
  if (pending != pending_.end()) return {id, ChunkHome::block(pending->second)};
  if (const auto place = index_.find_usable(id)) {
    mark_used(place->pack);
    return {id, ChunkHome::pack(place->pack)};
  }
  if (!block.raw.empty() && block.raw.size() + raw.size() > largest_shared_block) push(block);
  block.raw.insert(block.raw.end(), raw.begin(), raw.end());
  block.chunks.push_back({id, static_cast<std::uint32_t>(raw.size())});
  pending_.emplace(id, block.number);
  new_bytes_ += raw.size();
  const auto home = ChunkHome::block(block.number);
  if (block.raw.size() >= full_block) push(block);
  return {id, home};
}

void ChunkWriter::push(OpenBlock& block) {
  OpenBlock next;
  next.kind = block.kind;
  next.number = next_number_++;
  next.raw = pipeline_.spare_buffer();
  pipeline_.push(std::move(block));
  block = std::move(next);
  collect_stored();
}

void ChunkWriter::collect_stored() {
  while (auto pack = pipeline_.stored()) {
    stored_bytes_ += pack->size;
    index_.add(*pack);
    const auto number = index_.find_pack(pack->name);
    mark_used(*number);
    pack_of_block_.resize(std::max<std::size_t>(pack_of_block_.size(), next_number_));
    for (const auto& block : pack->directory.blocks) pack_of_block_.at(block.number) = *number;
    for (const auto& chunk : pack->directory.chunks) pending_.erase(chunk.id);
  }
}

void ChunkWriter::flush() {
  for (auto& block : open_) {
    if (!block.chunks.empty()) pipeline_.push(std::move(block));
  }
  pipeline_.finish();
  collect_stored();
  for (const auto& object : pipeline_.indexes()) index_.add_object(object);
  used_packs_.resize(index_.packs().size());
}

} // namespace intendance::backupd
