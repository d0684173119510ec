// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/chunker.hpp"
#include "backupd/repository/repository.hpp"

#include <filesystem>
#include <memory>
#include <unordered_set>
#include <vector>

namespace intendance::backupd {

// Stores chunks that the repository does not hold yet, in packs; one backup's. Contents and the
// rest go to different packs, so that listing a snapshot does not touch the packs of contents.
class ChunkWriter {
public:
  ChunkWriter(Repository& repository, ChunkIndex index, std::filesystem::path spool_folder);

  // The chunk is stored when flush() has returned; in a pack that is not full until then.
  ChunkId put(ChunkKind kind, ByteView raw);
  // For contents that an earlier snapshot holds: counts as referenced if the chunk is still there.
  bool reuse(const ChunkId& id);
  // Stores the packs begun and an index of all new ones.
  void flush();

  const WriteSession& session() const { return session_; }
  std::uint64_t new_bytes() const { return new_bytes_; }
  std::uint64_t stored_bytes() const { return stored_bytes_; }
  // Of kinds contents and manifest, each once.
  std::vector<ChunkId> referenced() const;

private:
  using IdSet = std::unordered_set<ChunkId, ChunkIdHash>;

  std::unique_ptr<PackWriter>& pack_for(ChunkKind kind);
  void store(std::unique_ptr<PackWriter>& pack);
  void store_index();

  Repository& repository_;
  ChunkIndex index_;
  std::filesystem::path spool_folder_;
  WriteSession session_;
  Compressor compressor_;
  std::unique_ptr<PackWriter> contents_, structure_;
  IdSet unstored_; // in packs that are not stored yet
  IdSet referenced_;
  std::vector<PackInfo> unindexed_;
  std::uint64_t new_bytes_ = 0, stored_bytes_ = 0;
};

} // namespace intendance::backupd
