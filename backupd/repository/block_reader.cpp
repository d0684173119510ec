// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/block_reader.hpp"

#include <algorithm>

namespace intendance::backupd {

using core::CorruptData;

namespace {

constexpr std::size_t most_directory_bytes = std::size_t{6} << 20;
constexpr std::size_t most_block_bytes = std::size_t{8} << 20;
// Of a pack of manifests far away, as much is got together with its directory: mostly the list of
// pages, and in small packs these, too.
constexpr std::size_t end_size = std::size_t{256} << 10;
constexpr std::size_t most_ends = 4;

std::size_t bytes_of(const PackDirectory& directory) {
  return directory.chunks.size() * sizeof(PackChunk) + directory.blocks.size() * sizeof(PackBlock);
}

ChunkInBlock in_block(const PackDirectory& directory, const ChunkPlace& place) {
  const auto& block = directory.block_of(place.chunk);
  ChunkInBlock chunk;
  chunk.block = {place.pack, static_cast<std::uint32_t>(&block - directory.blocks.data())};
  chunk.chunk = place.chunk;
  chunk.length = directory.chunks[place.chunk].length;
  for (auto each = block.first_chunk; each < place.chunk; ++each)
    chunk.offset += directory.chunks[each].length;
  return chunk;
}

} // namespace

BlockReader::BlockReader(const Repository& repository, const ChunkIndex& index)
    : repository_(repository), finder_(repository, index) {}

BlockReader::BlockReader(const Repository& repository, ChunkIndex& index, Missing missing)
    : repository_(repository), finder_(repository, index, missing) {}

std::string BlockReader::pack_name(std::uint32_t pack) const {
  return pack_object_name(finder_.pack(pack).name);
}

// Its failures name the pack.
template <class Work>
auto BlockReader::of_pack(std::uint32_t pack, Work&& work) {
  try {
    return core::with_context(pack_name(pack), std::forward<Work>(work));
  } catch (const Gone&) {
    finder_.note_gone(pack);
    throw;
  }
}

std::shared_ptr<const PackDirectory> BlockReader::directory(std::uint32_t pack) {
  return directory(pack, 0);
}

BlockReader::Directory BlockReader::directory(std::uint32_t pack, std::size_t more) {
  auto known = directories_.with([&](Directories& all) {
    const auto found = std::find_if(all.kept.begin(), all.kept.end(),
                                    [&](const auto& each) { return each.first == pack; });
    if (found == all.kept.end()) return Directory();
    all.kept.splice(all.kept.begin(), all.kept, found);
    return found->second;
  });
  if (known) return known;
  const auto indexed = finder_.pack(pack);
  Buffer before(more);
  auto read = std::make_shared<const PackDirectory>(of_pack(pack, [&] {
    return repository_.read_directory(indexed.name, indexed.size, indexed.directory_length,
                                      &before);
  }));
  directories_.with([&](Directories& all) {
    if (!before.empty()) {
      const auto offset = indexed.size - pack_tail_size - indexed.directory_length - before.size();
      all.ends.push_front({pack, offset, std::move(before)});
      if (all.ends.size() > most_ends) all.ends.pop_back();
    }
    all.kept.emplace_front(pack, read);
    all.bytes += bytes_of(*read);
    while (all.bytes > most_directory_bytes && all.kept.size() > 1) {
      all.bytes -= bytes_of(*all.kept.back().second);
      all.kept.pop_back();
    }
  });
  return read;
}

std::vector<ChunkInBlock> BlockReader::readable_places(ChunkKind kind, const ChunkId& id,
                                                       std::string& problem) {
  const bool is_far = repository_.store().connections() > 1;
  const auto more = is_far && kind == ChunkKind::manifest ? end_size : 0;
  std::vector<ChunkInBlock> found;
  const auto places = finder_.find(id);
  if (places.empty() && problem.empty()) {
    problem = "chunk " + core::to_hex(id) +
              " is in no index (intendance repository rebuild-index makes them anew)";
  }
  for (const auto& place : places) {
    try {
      const auto directory = this->directory(place.pack, more);
      if (place.chunk >= directory->chunks.size() || directory->chunks[place.chunk].id != id)
        throw CorruptData(pack_name(place.pack) + ": has another directory than its index says");
      if (directory->block_of(place.chunk).kind == kind)
        found.push_back(in_block(*directory, place));
    } catch (const CorruptData& error) {
      problem = error.what();
    }
  }
  if (found.empty() && problem.empty())
    problem = "chunk " + core::to_hex(id) + " is of another kind";
  return found;
}

std::vector<ChunkInBlock> BlockReader::locate(ChunkKind kind, const ChunkId& id) {
  std::string problem;
  for (;;) {
    const auto state = finder_.state();
    auto found = readable_places(kind, id, problem);
    if (!found.empty()) return found;
    if (!finder_.look_again(state)) throw CorruptData(problem);
  }
}

void BlockReader::from_any_place(ChunkKind kind, const ChunkId& id,
                                 const std::function<void(const ChunkInBlock&)>& use,
                                 std::vector<BlockPlace> tried, std::string problem) {
  for (;;) {
    const auto state = finder_.state();
    for (const auto& place : readable_places(kind, id, problem)) {
      if (std::find(tried.begin(), tried.end(), place.block) != tried.end()) continue;
      tried.push_back(place.block);
      try {
        return use(place);
      } catch (const CorruptData& error) {
        problem = error.what();
      }
    }
    if (!finder_.look_again(state)) throw CorruptData(problem);
  }
}

ByteView BlockReader::open(const BlockPlace& place, Buffer& memory) {
  thread_local Buffer stored;
  const auto block = this->stored(place);
  const auto sealed = core::room_in(stored, block.size);
  read_stored(block, sealed);
  return open_fetched(place, sealed, memory);
}

BlockReader::StoredBlock BlockReader::stored(const BlockPlace& place) {
  const auto directory = this->directory(place.pack);
  const auto& block = directory->blocks.at(place.block);
  return {place, block.offset, block.stored};
}

bool BlockReader::read_from_end(const StoredBlock& from, std::span<std::uint8_t> into) {
  return directories_.with([&](Directories& all) {
    for (const auto& end : all.ends) {
      if (end.pack != from.place.pack || from.offset < end.offset) continue;
      const auto bytes = ByteView(end.bytes).subspan(from.offset - end.offset, into.size());
      std::copy(bytes.begin(), bytes.end(), into.begin());
      return true;
    }
    return false;
  });
}

void BlockReader::read_stored(const StoredBlock& from, std::span<std::uint8_t> into) {
  if (read_from_end(from, into)) return;
  const auto name = pack_name(from.place.pack);
  of_pack(from.place.pack, [&] {
    if (!repository_.store().read(name, from.offset, into)) throw Gone();
  });
}

Buffer BlockReader::fetch(const StoredBlock& first, const StoredBlock& last) {
  Buffer run(std::size_t{last.offset} + last.size - first.offset);
  read_stored(first, run);
  return run;
}

ByteView BlockReader::open_fetched(const BlockPlace& place, ByteView sealed, Buffer& memory) {
  const auto directory = this->directory(place.pack);
  const auto& block = directory->blocks.at(place.block);
  return of_pack(place.pack, [&] {
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

bool BlockReader::is_chunk(ChunkKind kind, const ChunkId& id, ByteView bytes) {
  const auto places = locate(kind, id);
  return std::any_of(places.begin(), places.end(), [&](const ChunkInBlock& place) {
    if (place.length != bytes.size()) return false;
    const auto directory = this->directory(place.block.pack);
    const auto& block = directory->blocks.at(place.block.block);
    const auto epoch = directory->origins.at(block.origin).epoch;
    return repository_.namer().name(epoch, kind, bytes) == id;
  });
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
  ByteView bytes;
  from_any_place(kind, id, [&](const ChunkInBlock& place) {
    const auto& raw = opened(place.block);
    check(place, raw);
    bytes = ByteView(raw).subspan(place.offset, place.length);
  });
  return bytes;
}

} // namespace intendance::backupd
