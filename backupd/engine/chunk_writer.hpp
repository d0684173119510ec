// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/chunker.hpp"
#include "backupd/engine/pack_pipeline.hpp"
#include "backupd/repository/chunk_index.hpp"

#include <unordered_map>
#include <vector>

namespace intendance::backupd {

// Where a chunk is or will be: in a pack of the index, or in a block of this session, whose pack is
// known when it is stored.
class ChunkHome {
public:
  static ChunkHome pack(std::uint32_t number) { return ChunkHome(std::uint64_t{number} << 1); }
  static ChunkHome block(std::uint64_t number) { return ChunkHome(number << 1 | 1); }
  static ChunkHome from_code(std::uint64_t code) { return ChunkHome(code); }
  ChunkHome() = default;
  bool is_block() const { return (code_ & 1) != 0; }
  std::uint64_t number() const { return code_ >> 1; }
  std::uint64_t code() const { return code_; }

private:
  explicit ChunkHome(std::uint64_t code) : code_(code) {}
  std::uint64_t code_ = 0;
};

struct WrittenChunk {
  ChunkId id{};
  ChunkHome home;
};

// Stores chunks that the repository does not hold yet; one backup's. One thread at a time, beside
// the threads of the pipeline that it owns.
class ChunkWriter {
public:
  // All must outlive it. Chunks in packs of the index that are not usable count as not stored.
  ChunkWriter(Repository& repository, ChunkIndex& index, const PackPipeline::Options& options);

  // The chunk is stored when flush() has returned.
  WrittenChunk put(ChunkKind kind, ByteView raw) { return put(open_block(kind), raw); }
  // A list of pages of the manifest. Lists gather in blocks of their own: whoever wants one file
  // reads all of them, and one page.
  WrittenChunk put_page_list(ByteView raw) { return put(open_.back(), raw); }
  // A chunk that the last backup needed and that still lies in that pack of the index.
  void reuse(std::uint32_t pack) { mark_used(pack); }
  // Stores what was begun and an index of all that is new. Nothing can be put after.
  void flush();

  const WriteSession& session() const { return session_; }
  std::uint64_t new_bytes() const { return new_bytes_; }
  std::uint64_t stored_bytes() const { return stored_bytes_; }
  // By their places in the index: packs that chunks were found or stored in; after flush().
  const std::vector<bool>& used_packs() const { return used_packs_; }
  // The pack of each block of this session; after flush().
  const std::vector<std::uint32_t>& pack_of_block() const { return pack_of_block_; }

private:
  OpenBlock& open_block(ChunkKind kind) { return open_.at(static_cast<std::size_t>(kind) - 1); }
  WrittenChunk put(OpenBlock& block, ByteView raw);
  void push(OpenBlock& block);
  void collect_stored();
  void mark_used(std::uint32_t pack);

  Repository& repository_;
  ChunkIndex& index_;
  WriteSession session_;
  std::array<OpenBlock, 4> open_; // by kind; the last for lists of pages
  std::uint64_t next_number_ = 0;
  std::unordered_map<ChunkId, std::uint64_t, ChunkIdHash> pending_; // blocks not stored yet
  std::vector<std::uint32_t> pack_of_block_;
  std::vector<bool> used_packs_;
  std::uint64_t new_bytes_ = 0, stored_bytes_ = 0;
  PackPipeline pipeline_;
};

} // namespace intendance::backupd
