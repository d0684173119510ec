// SPDX-License-Identifier: AGPL-3.0-or-later
// Finds, fetches and opens what packs hold.
#pragma once

#include "backupd/repository/chunk_finder.hpp"
#include "core/synchronized.hpp"

#include <functional>
#include <list>
#include <memory>
#include <vector>

namespace intendance::backupd {

// A pack by its place in the index's list, a block by its place in the pack's directory.
struct BlockPlace {
  std::uint32_t pack = 0, block = 0;
  auto operator<=>(const BlockPlace&) const = default;
};

struct ChunkInBlock {
  BlockPlace block;
  std::uint32_t chunk = 0;              // place in the pack's directory
  std::uint32_t offset = 0, length = 0; // bytes, in the opened block
};

// Both repository and index must outlive it; nobody may add to the index while other threads are
// here.
class BlockReader {
public:
  BlockReader(const Repository& repository, const ChunkIndex& index);
  // Adds to the index itself when it is to look again.
  BlockReader(const Repository& repository, ChunkIndex& index, Missing missing);

  // Any thread, but for read(). Throw CorruptData that names the pack, or AccessDenied.
  //
  // Where a chunk of that kind lies, the places whose directory can be read; at least one.
  std::vector<ChunkInBlock> locate(ChunkKind kind, const ChunkId& id);
  // Calls `use` for one place after the other but those in the blocks of `tried`, until it throws
  // no CorruptData: a chunk that is damaged in one place may be whole in another. What was thrown
  // last, or `problem`, is thrown when there is none.
  void from_any_place(ChunkKind kind, const ChunkId& id,
                      const std::function<void(const ChunkInBlock&)>& use,
                      std::vector<BlockPlace> tried = {}, std::string problem = {});
  std::shared_ptr<const PackDirectory> directory(std::uint32_t pack);
  // In memory that is used again and again.
  ByteView open(const BlockPlace& place, Buffer& memory);
  // The same in two steps: a run of blocks that lie one behind the other in a pack, as they are
  // stored, and one of these opened. Whether the next belongs to the run: lies_behind().
  struct StoredBlock {
    BlockPlace place;
    std::uint32_t offset = 0, size = 0; // bytes, in the pack
    bool lies_behind(const StoredBlock& other) const {
      return place.pack == other.place.pack && offset == other.offset + other.size;
    }
  };
  StoredBlock stored(const BlockPlace& place);
  Buffer fetch(const StoredBlock& first, const StoredBlock& last);
  ByteView open_fetched(const BlockPlace& place, ByteView sealed, Buffer& memory);
  // Whether a chunk of an opened block is what its id says; throws CorruptData when it is not.
  void check(const ChunkInBlock& chunk, ByteView raw);
  // Whether bytes from elsewhere are that chunk.
  bool is_chunk(ChunkKind kind, const ChunkId& id, ByteView bytes);

  // A whole chunk, from whichever of its places is undamaged; the blocks opened last are kept. One
  // thread at a time; valid until the next call.
  ByteView read(ChunkKind kind, const ChunkId& id);

  std::string pack_name(std::uint32_t pack) const; // of the object
  const Repository& repository() const { return repository_; }

private:
  using Directory = std::shared_ptr<const PackDirectory>;
  // What came together with a directory.
  struct PackEnd {
    std::uint32_t pack = 0;
    std::uint64_t offset = 0; // bytes, in the pack
    Buffer bytes;
  };
  // The newest first.
  struct Directories {
    std::list<std::pair<std::uint32_t, Directory>> kept;
    std::size_t bytes = 0;
    std::list<PackEnd> ends;
  };
  const Buffer& opened(const BlockPlace& place);
  void read_stored(const StoredBlock& from, std::span<std::uint8_t> into);
  Directory directory(std::uint32_t pack, std::size_t more);
  bool read_from_end(const StoredBlock& from, std::span<std::uint8_t> into);
  // Those whose directory can be read now; what was wrong with another becomes `problem`.
  std::vector<ChunkInBlock> readable_places(ChunkKind kind, const ChunkId& id,
                                            std::string& problem);
  template <class Work>
  auto of_pack(std::uint32_t pack, Work&& work);

  const Repository& repository_;
  ChunkFinder finder_;
  core::Synchronized<Directories> directories_;
  std::list<std::pair<BlockPlace, Buffer>> blocks_; // the newest first
  std::size_t block_bytes_ = 0;
};

} // namespace intendance::backupd
