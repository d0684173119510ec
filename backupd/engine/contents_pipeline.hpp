// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/bounded_queue.hpp"
#include "backupd/engine/file_writer.hpp"
#include "backupd/engine/work_counters.hpp"
#include "backupd/repository/block_reader.hpp"
#include "backupd/repository/manifest.hpp"

#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace intendance::backupd {

// Puts the contents of files where they belong. One thread says which; others open blocks, check
// chunks, write and commit, block by block, however the files lie in them. Where the store is far
// away, still others fetch blocks ahead of them, those that lie side by side in one request. A
// file whose contents cannot be had whole is not there afterwards.
class ContentsPipeline {
public:
  // Of a file that is begun: committed, or why not. Any thread, one at a time.
  struct Outcome {
    std::string path;
    std::uint64_t bytes = 0; // of the file, when it is there
    std::string problem;     // empty when it is there
  };
  using Done = std::function<void(const Outcome&)>;

  // Reader and counters must outlive it, and nobody else may change the reader's index meanwhile.
  ContentsPipeline(BlockReader& reader, WorkCounters& counters, Done done);
  // What is not done is given up.
  ~ContentsPipeline();
  ContentsPipeline(const ContentsPipeline&) = delete;
  ContentsPipeline& operator=(const ContentsPipeline&) = delete;

  // A file, by its own record; then add() the records of more extents; then end(). Throw what ends
  // the whole: TransientError when the store fails.
  void begin(std::unique_ptr<FileWriter> writer, const Entry& record);
  void add(const Entry& record);
  void end();
  // Hands over all there is, so that every file that was ended will be done without a further call.
  void flush();
  // The same, and waits for it.
  void finish();

private:
  void fail(const std::exception_ptr& failure) noexcept;
  // Shared by all the pieces of a file; done when the last of them is.
  struct OpenFile;
  struct Piece {
    std::shared_ptr<OpenFile> file;
    ChunkId id{};
    ChunkInBlock chunk;
    std::uint32_t from = 0, length = 0; // bytes, in the chunk
    std::uint64_t offset = 0;           // in the file
  };
  // All that is wanted of one block.
  struct Task {
    BlockReader::StoredBlock block;
    std::vector<Piece> pieces;
    std::size_t weight = 0;        // of the pieces
    std::shared_ptr<Buffer> run{}; // that it was fetched with, if it was
    ByteView sealed{};             // of the block, in the run
  };

  struct Unplaced {
    Piece piece;
    std::uint32_t left = 0; // bytes
  };
  void add_extent(const Extent& extent);
  void place();
  void add_piece(Piece&& piece);
  void hand_over_first();
  void fetch();
  void work();
  void run(const Task& task, Buffer& memory);
  void write(const Piece& piece, ByteView raw);
  // The block opened last in place of one that cannot be had.
  struct Elsewhere {
    std::optional<BlockPlace> block;
    Buffer memory;
    ByteView raw; // in it
  };
  void write_from(Elsewhere& elsewhere, const Piece& piece, const std::string& problem);

  BlockReader& reader_;
  WorkCounters& work_;
  Done done_;
  std::mutex done_mutex_;
  std::shared_ptr<OpenFile> current_;
  ContentsCheck check_;
  std::deque<DataRange> ranges_;  // of the current file, those that are not filled yet
  std::deque<Unplaced> unplaced_; // contents of it that came before the parts they fill
  bool sparse_ = false;
  std::uint64_t filled_ = 0; // of the first of them, or of a file without holes
  std::deque<Task> waiting_; // of the blocks that came last, still growing
  std::size_t waiting_weight_ = 0;
  BoundedQueue<Task> tasks_;
  BoundedQueue<Task> fetched_;
  const std::size_t folder_weight_;
  const bool fetches_;
  std::vector<std::jthread> fetchers_, workers_;
};

} // namespace intendance::backupd
