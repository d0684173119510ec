// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/live_chunks.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <vector>

namespace intendance::backupd {

// Finds and makes copies of blocks, as they are sealed: whoever cannot open them can.
class BlockCopies {
public:
  // Packs of `excluded` do not count: they are marked, or gone.
  BlockCopies(const Repository& repository, const ChunkIndex& index, BlockReader& blocks,
              std::set<std::uint32_t> excluded)
      : repository_(repository), index_(index), blocks_(blocks), excluded_(std::move(excluded)) {}

  void exclude(std::uint32_t pack) { excluded_.insert(pack); }
  // A block of the same origin and number, of the same chunks, in another pack.
  std::optional<BlockPlace> find(const BlockPlace& place) const;
  // Whether both have the same stored bytes.
  bool same_bytes(const BlockPlace& one, const BlockPlace& other) const;
  Buffer stored_bytes(const BlockPlace& place) const; // throws CorruptData

private:
  const Repository& repository_;
  const ChunkIndex& index_;
  BlockReader& blocks_;
  std::set<std::uint32_t> excluded_;
};

// Copies the live blocks of packs into new ones, which are stored when finish() returns, and an
// index with them.
class Repacker {
public:
  Repacker(const Repository& repository, BlockReader& blocks, std::filesystem::path spool)
      : repository_(repository), blocks_(blocks), spool_(std::move(spool)) {}
  // Those blocks of which there is no copy; whether there were any.
  bool add(std::uint32_t pack, const LiveChunks& live, const BlockCopies& copies);
  // The new packs.
  std::vector<PackInfo> finish();

private:
  void store(std::unique_ptr<PackWriter>& pack);

  const Repository& repository_;
  BlockReader& blocks_;
  std::filesystem::path spool_;
  std::unique_ptr<PackWriter> contents_, structure_;
  std::vector<PackInfo> stored_;
};

} // namespace intendance::backupd
