// SPDX-License-Identifier: AGPL-3.0-or-later
// Many index entries in a file, sorted by chunk id, so that one is found with one short read. Only
// a filter and a fence a page are in memory: about 1.5 bytes an entry.
//
//   pages     of 1024 bytes: up to 46 entries of 22 bytes (id, u24 pack, u24 chunk), zeros,
//             u16 count, and 8 bytes of BLAKE2b over what stands before and the page's number
//   fences    u64 a page: the first 8 bytes of its first id
//   filter    blocks of 64 bytes, a Bloom filter each
//   footer    u64 entries, u64 pages, u64 bytes of the filter, 8 bytes of BLAKE2b over fences,
//             filter and the three numbers
#pragma once

#include "backupd/repository/chunk.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace intendance::backupd {

// Where a chunk lies: a pack, by its place in the index's list, and the chunk's place in its
// directory.
struct ChunkPlace {
  std::uint32_t pack = 0, chunk = 0; // below 2^24
  auto operator<=>(const ChunkPlace&) const = default;
};

struct IndexEntry {
  ChunkId id{};
  ChunkPlace place;
  auto operator<=>(const IndexEntry&) const = default;
};

// The next entry in order, false at the end.
using EntrySource = std::function<bool(IndexEntry&)>;

// A page of the file on this machine is not what was written; the file can be made again.
class DamagedIndex : public core::Error {
public:
  using Error::Error;
};

class SortedRun {
public:
  // Writes a run to `file` from `offset` on; `most` is at least how many entries come.
  static SortedRun write(std::shared_ptr<const core::FileDescriptor> file, std::uint64_t offset,
                         const EntrySource& entries, std::uint64_t most);
  // One that lies in `file` from `offset` to `end`. Throws CorruptData.
  static SortedRun open(std::shared_ptr<const core::FileDescriptor> file, std::uint64_t offset,
                        std::uint64_t end);

  std::uint64_t size() const { return entry_count_; } // entries
  std::uint64_t end() const { return end_; }          // in the file, bytes
  // Adds the places of that id. Throws DamagedIndex for a damaged page.
  void find(const ChunkId& id, std::vector<ChunkPlace>& places) const;
  // All entries in order. The run must outlive it.
  EntrySource entries() const;

private:
  SortedRun() = default;
  bool may_hold(const ChunkId& id) const;
  void read_page(std::uint64_t page, std::vector<IndexEntry>& entries) const;
  Buffer footer() const;
  Buffer checksum(ByteView numbers) const;

  std::shared_ptr<const core::FileDescriptor> file_;
  std::uint64_t offset_ = 0, end_ = 0;
  std::uint64_t entry_count_ = 0;
  std::vector<std::uint64_t> fences_;
  Buffer filter_;
};

// Several sources as one, in order; entries that are the same come once.
EntrySource merged(std::vector<EntrySource> sources);

} // namespace intendance::backupd
