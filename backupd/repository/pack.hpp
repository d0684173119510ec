// SPDX-License-Identifier: AGPL-3.0-or-later
// Packs: objects that hold sealed blocks and a sealed directory of them.
#pragma once

#include "backupd/repository/block.hpp"
#include "backupd/repository/bytes.hpp"
#include "core/sha256.hpp"
#include "storage/object_store.hpp"

#include <filesystem>
#include <span>
#include <vector>

namespace intendance::backupd {

using PackName = core::Digest;

struct PackChunk {
  ChunkId id{};
  std::uint32_t length = 0; // bytes
};

struct PackBlock {
  ChunkKind kind = ChunkKind::contents;
  std::uint32_t origin = 0;      // place in the directory's list
  std::uint64_t number = 0;      // within its origin
  std::uint32_t offset = 0;      // in the pack, bytes
  std::uint32_t stored = 0;      // bytes in the pack, with the tag
  std::uint32_t length = 0;      // bytes of all its chunks
  std::uint32_t first_chunk = 0; // place in the directory's chunks
  std::uint32_t chunk_count = 0;
};

// What a pack holds, in the order in which it lies there.
struct PackDirectory {
  std::vector<Origin> origins;
  std::vector<PackBlock> blocks;
  std::vector<PackChunk> chunks;

  std::span<const PackChunk> chunks_of(const PackBlock& block) const {
    return std::span(chunks).subspan(block.first_chunk, block.chunk_count);
  }
  const PackBlock& block_of(std::size_t chunk) const; // the block that holds that chunk
};

struct PackInfo {
  PackName name{};
  std::uint64_t size = 0;             // bytes
  std::uint32_t directory_length = 0; // as it is stored, sealed
  PackDirectory directory;
};

// More than any writer makes.
inline constexpr std::uint64_t longest_pack = std::uint64_t{256} << 20;

std::string pack_object_name(const PackName& name); // "packs/3f/3fa9…"

// Entries of a directory, without padding; decoding ignores padding. `blocks_end` is where the
// directory begins in the pack. Throws CorruptData.
void encode_directory(const PackDirectory& directory, Buffer& out);
PackDirectory decode_directory(ByteView entries, std::uint64_t blocks_end);

// The last bytes of a pack.
inline constexpr std::size_t pack_tail_size = 8;
struct PackTail {
  std::uint32_t directory_length = 0, epoch = 0;
};
PackTail read_pack_tail(ByteView tail, std::uint64_t pack_size); // throws CorruptData
// The directory of a pack of that size, of its end: the sealed directory and the tail. Throws
// CorruptData.
PackDirectory open_directory(ByteView end, std::uint64_t pack_size, const SharedSecrets& secrets);

// Writes one pack into a spool file that has no name, so that nothing is left of a broken run.
class PackWriter {
public:
  // For the newest epoch of these secrets, which must outlive it.
  PackWriter(const SharedSecrets& secrets, const std::filesystem::path& spool_folder);

  void add(const Origin& origin, ChunkKind kind, std::uint64_t number, ByteView sealed,
           std::span<const PackChunk> chunks);
  std::uint64_t size() const { return offset_; }
  bool is_full() const;
  // Adds directory and padding; nothing can be added after.
  const PackInfo& finish();
  // Of a pack that is finished.
  void store(storage::ObjectStore& store) const;
  PackInfo take_info() { return std::move(info_); }

private:
  void append(ByteView bytes);

  const SharedSecrets& secrets_;
  const Buffer intro_;
  const std::filesystem::path spool_folder_;
  core::FileDescriptor spool_;
  core::Sha256 hash_;
  std::uint64_t offset_ = 0;
  PackInfo info_;
};

// The least length from `length` on that the format pads to: Padmé's, or a multiple of 64 KiB.
std::uint64_t padded_length(std::uint64_t length);

} // namespace intendance::backupd
