// SPDX-License-Identifier: AGPL-3.0-or-later
// The last manifest of a job, kept on the machine itself: by it, files that did not change are
// recognised without being read, and their chunks known to be stored without being looked for. It
// is a cache: when it is absent or damaged, everything is read.
//
//   magic, pages, lists, trailer
//   page      u32 stored length, u32 length, 8 bytes of BLAKE2b over what is stored, zstd: records
//             of a manifest, each followed by the homes of its extents (varints)
//   lists     in a page of its own: packs (varint number, name), the pack of each block of the
//             session (varints), paths that must be read again
//   trailer   u64 where the lists begin, snapshot (32), u64 seconds, u32 nanoseconds, 8 bytes of
//             BLAKE2b over these
#pragma once

#include "backupd/engine/chunk_writer.hpp"
#include "backupd/repository/manifest.hpp"
#include "backupd/repository/snapshot.hpp"

#include <filesystem>
#include <optional>
#include <span>
#include <unordered_set>

namespace intendance::backupd {

// One record and, by their places in the index at hand, the packs of its extents.
struct PreviousEntry {
  Entry entry;
  std::vector<std::uint32_t> packs;
};

class PreviousManifest {
public:
  // Nothing is known when the file cannot be used.
  PreviousManifest(const std::filesystem::path& file, const ChunkIndex& index);

  // The entry of that path, if it is known and all of its chunks are in usable packs. Paths must be
  // asked in order. Valid until the next call.
  PreviousEntry* find(const std::string& path);
  // After find(): whether the last backup had something of that path, usable or not.
  bool has(const std::string& path) const { return has_current_ && current_.entry.path == path; }
  // After find(): the next record of the same file, whose entry said that one follows. Throws
  // CorruptData when it cannot be read, although find() read it.
  PreviousEntry* find_more();
  // When the backup that wrote it began.
  FileTime started() const { return started_; }

private:
  void open(const std::filesystem::path& file, const ChunkIndex& index);
  void read_lists(ByteView lists, const ChunkIndex& index);
  bool next();
  bool rest_is_readable();
  void give_up(const core::Error& error);
  bool translate(PreviousEntry& entry, ByteReader& reader) const;
  Buffer read_page(std::uint64_t& at) const;

  core::FileDescriptor file_;
  std::uint64_t at_ = 0, end_ = 0; // of the pages
  Buffer page_;
  std::size_t page_at_ = 0;
  PreviousEntry current_;
  bool has_current_ = false, current_usable_ = false;
  FileTime started_;
  static constexpr std::uint32_t unusable = ~std::uint32_t{0};
  static constexpr std::uint32_t most_packs = std::uint32_t{1} << 24; // of an index
  std::vector<std::uint32_t> packs_;         // by their numbers in the file
  std::vector<std::uint32_t> pack_of_block_; // the same of blocks
  bool all_usable_ = true;
  std::unordered_set<std::string> unsure_; // paths
};

// Written beside the old one while a backup runs; commit() puts it in its place.
class NextManifest {
public:
  // A file that cannot be written (the disk is full) hinders nobody: commit() says so.
  NextManifest(std::filesystem::path file, FileTime started);
  ~NextManifest();
  NextManifest(const NextManifest&) = delete;
  NextManifest& operator=(const NextManifest&) = delete;
  void add(ByteView record, std::span<const ChunkHome> homes);
  // That file must be read again, whatever its times say.
  void add_unsure(const std::string& path) { unsure_.insert(path); }
  // Throws Error when it could not be written; what was there before stays.
  void commit(const SnapshotName& snapshot, const ChunkWriter& chunks, const ChunkIndex& index);

private:
  template <class Work>
  void unless_given_up(Work&& work);
  void write(ByteView bytes);
  void write_page();
  std::filesystem::path file_, temporary_;
  core::FileDescriptor out_;
  FileTime started_;
  Compressor compressor_{1};
  Buffer page_, packed_;
  std::uint64_t written_ = 0;
  std::unordered_set<std::string> unsure_;
  std::optional<core::Error> given_up_; // why
};

} // namespace intendance::backupd
