// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/engine/work_counters.hpp"
#include "backupd/repository/block_reader.hpp"

#include <functional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::backupd {

struct PackReport {
  std::uint32_t pack = 0; // by its place in the index
  std::uint64_t bytes_read = 0;
  std::vector<std::string> problems;
  bool all_lost = false;     // its directory cannot be read
  std::vector<ChunkId> lost; // chunks that cannot be had from this pack, otherwise
};

// Reads whole packs and holds every byte against what was written: the name by everybody, blocks
// and ids as far as the keys at hand open them. Several at a time on threads of its own; `done` is
// called on the caller's thread. What is wrong with a pack is in its report; throws TransientError
// when the store fails, Cancelled. Begins a phase of `counters`.
void check_packs(BlockReader& reader, const ChunkIndex& index,
                 const std::vector<std::uint32_t>& packs, unsigned threads, WorkCounters& counters,
                 std::stop_token stop, const std::function<void(PackReport&&)>& done);

} // namespace intendance::backupd
