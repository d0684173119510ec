// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/chunker.hpp"
#include "backupd/repository/chunk.hpp"

#include <functional>
#include <span>

namespace intendance::backupd {

// Cuts contents into chunks as they come. One file's contents at a time; its buffer serves the
// next.
class ContentCutter {
public:
  using Chunk = std::function<void(ByteView chunk)>;
  // The chunker must outlive it.
  ContentCutter(const Chunker& chunker, Chunk chunk);

  // Where contents can be read into, at least 1 MiB; then added(how many bytes).
  std::span<std::uint8_t> room();
  void added(std::size_t count);
  void add(ByteView bytes); // copies
  // Ends the contents; how many bytes they were.
  std::uint64_t finish();
  void discard(); // what is not cut yet
  std::uint64_t total() const { return total_; }

private:
  void cut();

  const Chunker& chunker_;
  Chunk chunk_;
  Buffer buffer_;
  std::size_t begin_ = 0, end_ = 0; // of what is not cut yet
  std::uint64_t total_ = 0;
};

} // namespace intendance::backupd
