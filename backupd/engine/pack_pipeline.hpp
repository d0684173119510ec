// SPDX-License-Identifier: AGPL-3.0-or-later
// The later stages of a backup, each on threads of its own: blocks are sealed, put into packs, and
// packs stored.
#pragma once

#include "backupd/engine/bounded_queue.hpp"
#include "backupd/repository/repository.hpp"

#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

namespace intendance::backupd {

// A block before it is sealed.
struct OpenBlock {
  ChunkKind kind = ChunkKind::contents;
  std::uint64_t number = 0; // of the session, in the order of push()
  Buffer raw;
  std::vector<PackChunk> chunks;
};

// One thread pushes and collects. A failure of any stage (the store, the disk, the memory) is
// thrown by the next call. The destructor stops everything; what was not stored is forgotten.
class PackPipeline {
public:
  struct Options {
    std::filesystem::path spool_folder;
    unsigned sealing_threads = 2;
    int compression_level = 3;
    // When it is requested, whoever waits here hears Cancelled, however long a store takes; of what
    // is stored just then the end is waited for, and nothing else is stored.
    std::stop_token stop = {};
  };
  PackPipeline(Repository& repository, const WriteSession& session, const Options& options);
  ~PackPipeline();
  PackPipeline(const PackPipeline&) = delete;
  PackPipeline& operator=(const PackPipeline&) = delete;

  // Waits while later stages are busy. Blocks of contents and the others go to different packs, so
  // that listing a snapshot does not touch the packs of contents.
  void push(OpenBlock&& block);
  // An empty buffer that has been used before, where there is one.
  Buffer spare_buffer();
  // A pack that is stored since the last call, if any.
  std::optional<PackInfo> stored();
  // Stores what there is and an index of it; nothing can be pushed after. The packs are then to be
  // had from stored().
  void finish();
  // Indexes that were stored; after finish().
  const std::vector<core::Digest>& indexes() const { return indexes_; }

private:
  struct SealedBlock {
    ChunkKind kind = ChunkKind::contents;
    std::uint64_t number = 0;
    Buffer sealed;
    std::vector<PackChunk> chunks;
  };
  struct Work {
    OpenBlock block;
    std::promise<SealedBlock> sealed;
  };

  void seal_blocks();
  void pack_blocks();
  void store_packs();
  // A pack that is stored; an index now and then.
  void tell(PackInfo&& pack);
  // By whichever of the storing threads ends last.
  void end_storing();
  void store_index(const std::vector<PackInfo>& packs);
  void give_back(Buffer&& buffer);
  void fail(const std::exception_ptr& failure) noexcept;

  Repository& repository_;
  const WriteSession& session_;
  const Options options_;
  BoundedQueue<Work> work_;
  BoundedQueue<std::future<SealedBlock>> sealed_; // in the order of push()
  BoundedQueue<std::unique_ptr<PackWriter>> packs_;
  BoundedQueue<PackInfo> stored_;
  core::Synchronized<std::vector<Buffer>> spare_;
  struct Storing {
    std::vector<PackInfo> unindexed;
    std::vector<core::Digest> indexes;
    unsigned threads = 0; // that still run
  };
  core::Synchronized<Storing> storing_;
  std::vector<core::Digest> indexes_;
  std::vector<std::jthread> threads_;
  std::stop_callback<std::function<void()>> stopped_;
};

} // namespace intendance::backupd
