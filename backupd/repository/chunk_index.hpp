// SPDX-License-Identifier: AGPL-3.0-or-later
// Where each chunk lies: all indexes of a repository as one sorted file, kept between runs, and
// what came since, in memory while it is little and in further sorted files beyond. It is a cache:
// lost or damaged, it is made again from the repository's indexes.
#pragma once

#include "backupd/repository/pack.hpp"
#include "backupd/repository/sorted_run.hpp"

#include <filesystem>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

namespace intendance::backupd {

struct IndexedPack {
  PackName name{};
  std::uint64_t size = 0;
  std::uint32_t directory_length = 0;
  std::uint32_t oldest_epoch = 0; // of its blocks
  bool usable = true;             // whether chunks in it may be built on
  bool named = true;              // by an index object, not only by its own directory
};

// One thread at a time while it changes; then any thread may look.
class ChunkIndex {
public:
  // What is kept in `folder`, which is made when it is not there; nothing for a folder without it.
  explicit ChunkIndex(std::filesystem::path folder);

  // The index objects whose packs are in it.
  const std::set<core::Digest>& objects() const { return objects_; }
  void add_object(const core::Digest& name) { objects_.insert(name); }
  // Forgets everything, to begin anew; remove() what is kept too.
  void clear();
  void remove();

  // Nothing happens for a pack that is known, but that it may be named now.
  enum class From { index, own_directory };
  void add(const PackInfo& pack, From from = From::index);
  const std::vector<IndexedPack>& packs() const { return packs_; }
  std::optional<std::uint32_t> find_pack(const PackName& name) const;
  void set_usable(std::uint32_t pack, bool usable) { packs_.at(pack).usable = usable; }

  std::vector<ChunkPlace> find(const ChunkId& id) const; // every place of a chunk
  // One in a pack that may be built on.
  std::optional<ChunkPlace> find_usable(const ChunkId& id) const;
  std::uint64_t size() const; // entries
  // All of them in the order of ids; nothing may be added meanwhile.
  EntrySource entries() const;

  // Keeps it in the folder for the next run, when enough is new to be worth it.
  void save();

private:
  struct PackNameHash {
    std::size_t operator()(const PackName& name) const noexcept;
  };

  std::filesystem::path file() const { return folder_ / "chunks"; }
  void load();
  void spill();
  void spill_recent();
  void write_kept(const std::filesystem::path& temporary);
  std::vector<IndexEntry> sorted_recent() const;

  std::filesystem::path folder_;
  std::set<core::Digest> objects_;
  std::vector<IndexedPack> packs_;
  std::unordered_map<PackName, std::uint32_t, PackNameHash> pack_numbers_;
  std::vector<SortedRun> runs_;
  std::unordered_multimap<ChunkId, ChunkPlace, ChunkIdHash> recent_;
  std::size_t kept_objects_ = 0; // of objects_, those in the kept file
};

} // namespace intendance::backupd
