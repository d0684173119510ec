// SPDX-License-Identifier: AGPL-3.0-or-later
// Where chunks lie, for whoever reads while the store changes: a prune moves them, somebody removes
// an index.
#pragma once

#include "backupd/repository/repository.hpp"
#include "core/synchronized.hpp"

#include <cstdint>
#include <set>
#include <vector>

namespace intendance::backupd {

// A chunk that cannot be had from where the index says.
enum class Missing {
  is_lost,    // the index was made of all that the store holds, or nobody may add to it
  look_again, // the store may know better: that costs lists, and what they show to be new
};

// Any thread may call any function; nobody else may change the index meanwhile.
class ChunkFinder {
public:
  // Both must outlive it.
  ChunkFinder(const Repository& repository, const ChunkIndex& index);
  ChunkFinder(const Repository& repository, ChunkIndex& index, Missing missing);

  // Every place of a chunk, those in packs that were seen to be gone last.
  std::vector<ChunkPlace> find(const ChunkId& id) const;
  IndexedPack pack(std::uint32_t pack) const; // by its place in the index

  // The store does not hold that pack any more.
  void note_gone(std::uint32_t pack);

  // How often it learnt something: to be taken before find().
  std::uint64_t state() const;
  // For a chunk that was in none of the places found in that state: whether something was learnt
  // since, so that it should be looked for again. First the indexes are read that are new, then the
  // directories of packs that none of them names; once, and again when another pack is gone. That
  // is enough: a prune removes a pack only when copies of what is needed stand in an index.
  bool look_again(std::uint64_t state);

private:
  struct State {
    const ChunkIndex* index = nullptr;
    ChunkIndex* growing = nullptr; // the same, when it may grow
    std::set<std::uint32_t> gone;
    std::uint64_t learnt = 0;
    // Reasons to look again, and how many of them the last look at either was for.
    std::uint64_t reasons = 1, seen_by_indexes = 0, seen_by_packs = 0;
    std::uint64_t looks = 0;
  };
  void read_indexes(State& state) const;
  void read_packs(State& state) const;

  const Repository& repository_;
  core::Synchronized<State> state_;
};

} // namespace intendance::backupd
