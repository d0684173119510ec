// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/block_reader.hpp"

#include <algorithm>

namespace intendance::backupd {

using core::CorruptData;

namespace {

constexpr std::size_t most_directory_bytes = std::size_t{6} << 20;
constexpr std::size_t most_block_bytes = std::size_t{8} << 20;

std::size_t bytes_of(const PackDirectory& directory) {
  return directory.chunks.size() * sizeof(PackChunk) + directory.blocks.size() * sizeof(PackBlock);
}

} // namespace

BlockReader::BlockReader(const Repository& repository, const ChunkIndex& index)
    : repository_(repository), index_(index) {}

std::string BlockReader::pack_name(std::uint32_t pack) const {
  return pack_object_name(index_.packs().at(pack).name);
}

std::shared_ptr<const PackDirectory> BlockReader::directory(std::uint32_t pack) {
  const auto known = directories_.with([&](Directories& all) {
    const auto found = std::find_if(all.kept.begin(), all.kept.end(),
                                    [&](const auto& each) { return each.first == pack; });
    if (found == all.kept.end()) return Directory();
    all.kept.splice(all.kept.begin(), all.kept, found);
    return found->second;
  });
  if (known) return known;
  const auto& indexed = index_.packs().at(pack);
  const auto read =
      std::make_shared<const PackDirectory>(core::with_context(pack_object_name(indexed.name), [&] {
        return repository_.read_directory(indexed.name, indexed.size, indexed.directory_length);
      }));
  directories_.with([&](Directories& all) {
    all.kept.emplace_front(pack, read);
    all.bytes += bytes_of(*read);
    while (all.bytes > most_directory_bytes && all.kept.size() > 1) {
      all.bytes -= bytes_of(*all.kept.back().second);
      all.kept.pop_back();
    }
  });
  return read;
}

std::vector<ChunkInBlock> BlockReader::locate(ChunkKind kind, const ChunkId& id) {
  const auto places = index_.find(id);
  if (places.empty())
    throw CorruptData("chunk " + core::to_hex(id) +
                      " is in no index (intendance repository rebuild-index "
                      "makes them anew)");
  std::vector<ChunkInBlock> found;
  std::string problem;
  for (const auto& place : places) {
    try {
      const auto directory = this->directory(place.pack);
      if (place.chunk >= directory->chunks.size() || directory->chunks[place.chunk].id != id)
        throw CorruptData(pack_name(place.pack) + ": has another directory than its index says");
      const auto& block = directory->block_of(place.chunk);
      if (block.kind != kind) continue;
      ChunkInBlock chunk;
      chunk.block = {place.pack, static_cast<std::uint32_t>(&block - directory->blocks.data())};
      chunk.chunk = place.chunk;
      chunk.length = directory->chunks[place.chunk].length;
      for (auto each = block.first_chunk; each < place.chunk; ++each)
        chunk.offset += directory->chunks[each].length;
      found.push_back(chunk);
    } catch (const CorruptData& error) {
      problem = error.what();
    }
  }
  if (found.empty())
    throw CorruptData(problem.empty() ? "chunk " + core::to_hex(id) + " is of another kind"
                                      : problem);
  return found;
}

ByteView BlockReader::open(const BlockPlace& place, Buffer& memory) {
  const auto directory = this->directory(place.pack);
  const auto& block = directory->blocks.at(place.block);
  const auto name = pack_name(place.pack);
  return core::with_context(name, [&] {
    thread_local Buffer stored;
    const auto sealed = core::room_in(stored, block.stored);
    if (!repository_.store().read(name, block.offset, sealed)) throw CorruptData("is gone");
    return repository_.opener().open(directory->origins.at(block.origin), block.kind, block.number,
                                     sealed, block.length, memory);
  });
}

void BlockReader::check(const ChunkInBlock& chunk, ByteView raw) {
  const auto directory = this->directory(chunk.block.pack);
  const auto& block = directory->blocks.at(chunk.block.block);
  const auto epoch = directory->origins.at(block.origin).epoch;
  const auto& namer = repository_.namer();
  if (!namer.can_name(epoch, block.kind)) return;
  if (namer.name(epoch, block.kind, raw.subspan(chunk.offset, chunk.length)) !=
      directory->chunks.at(chunk.chunk).id) {
    throw CorruptData(pack_name(chunk.block.pack) + ": holds other bytes than an id says");
  }
}

const Buffer& BlockReader::opened(const BlockPlace& place) {
  const auto found = std::find_if(blocks_.begin(), blocks_.end(),
                                  [&](const auto& each) { return each.first == place; });
  if (found != blocks_.end()) {
    blocks_.splice(blocks_.begin(), blocks_, found);
    return blocks_.front().second;
  }
  Buffer raw;
  open(place, raw);
  block_bytes_ += raw.size();
  blocks_.emplace_front(place, std::move(raw));
  while (block_bytes_ > most_block_bytes && blocks_.size() > 1) {
    block_bytes_ -= blocks_.back().second.size();
    blocks_.pop_back();
  }
  return blocks_.front().second;
}

ByteView BlockReader::read(ChunkKind kind, const ChunkId& id) {
  std::string problem;
  for (const auto& place : locate(kind, id)) {
    try {
      const auto& raw = opened(place.block);
      check(place, raw);
      return ByteView(raw).subspan(place.offset, place.length);
    } catch (const CorruptData& error) {
      problem = error.what();
    }
  }
  throw CorruptData(problem);
}

} // namespace intendance::backupd
