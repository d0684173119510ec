// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/live_chunks.hpp"

#include <filesystem>
#include <set>
#include <stop_token>
#include <vector>

namespace intendance::backupd {

// Finds and makes copies of blocks, as they are sealed: whoever cannot open them can.
class BlockCopies {
public:
  // Packs of `excluded` do not count: they are marked, or gone.
  BlockCopies(const Repository& repository, const ChunkIndex& index, BlockReader& blocks,
              std::set<std::uint32_t> excluded)
      : repository_(repository), index_(index), blocks_(blocks), excluded_(std::move(excluded)) {}

  // Blocks of the same origin and number, of the same chunks, in other packs.
  std::vector<BlockPlace> find(const BlockPlace& place) const;
  // Whether one of these has the same stored bytes. Whoever cannot open blocks must not take
  // another for a copy: somebody may have put anything under the same directory.
  bool has_same(const BlockPlace& place) const;
  Buffer stored_bytes(const BlockPlace& place) const; // throws CorruptData

private:
  const Repository& repository_;
  const ChunkIndex& index_;
  BlockReader& blocks_;
  std::set<std::uint32_t> excluded_;
};

// Takes those out of the list that are not what their names say, and says what is wrong with them.
// Reads them whole.
std::vector<Finding> drop_damaged(BlockReader& blocks, const ChunkIndex& index,
                                  std::vector<std::uint32_t>& packs, std::stop_token stop,
                                  WorkCounters& work);

// Copies the live blocks of packs into new ones, which are stored when finish() returns, and an
// index with them.
class Repacker {
public:
  Repacker(const Repository& repository, BlockReader& blocks, std::filesystem::path spool)
      : repository_(repository), blocks_(blocks), spool_(std::move(spool)) {}
  // Those blocks of which there is no copy; whether there were any. The pack must be what its name
  // says: new packs are named anew, and damage that was copied would be seen by readers alone.
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
