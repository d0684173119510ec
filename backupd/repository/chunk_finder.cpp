// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/chunk_finder.hpp"

#include "core/log.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

// A prune takes longer than a look. Whoever moves packs as fast as this is not waited for.
constexpr std::uint64_t most_looks = 1000;

} // namespace

ChunkFinder::ChunkFinder(const Repository& repository, const ChunkIndex& index)
    : repository_(repository), state_(State{&index, nullptr, {}}) {}

ChunkFinder::ChunkFinder(const Repository& repository, ChunkIndex& index, Missing missing)
    : repository_(repository),
      state_(State{&index, missing == Missing::look_again ? &index : nullptr, {}}) {}

std::vector<ChunkPlace> ChunkFinder::find(const ChunkId& id) const {
  return state_.with([&](const State& state) {
    auto places = state.index->find(id);
    std::stable_partition(places.begin(), places.end(),
                          [&](const auto& place) { return !state.gone.contains(place.pack); });
    return places;
  });
}

IndexedPack ChunkFinder::pack(std::uint32_t pack) const {
  return state_.with([&](const State& state) { return state.index->packs().at(pack); });
}

void ChunkFinder::note_gone(std::uint32_t pack) {
  state_.with([&](State& state) {
    if (state.gone.insert(pack).second) ++state.reasons;
  });
}

std::uint64_t ChunkFinder::state() const {
  return state_.with([](const State& state) { return state.learnt; });
}

bool ChunkFinder::look_again(std::uint64_t seen) {
  return state_.with([&](State& state) {
    if (state.learnt != seen) return true; // by another thread
    if (state.growing == nullptr || ++state.looks > most_looks) return false;
    if (state.seen_by_indexes < state.reasons) read_indexes(state);
    if (state.learnt != seen) return true;
    if (state.seen_by_packs < state.reasons) read_packs(state);
    return state.learnt != seen;
  });
}

// Packs first: of those that the list does not show, the indexes that are read next name the
// copies, so that they are no further reason.
void ChunkFinder::read_indexes(State& state) const {
  std::vector<bool> present(state.index->packs().size());
  repository_.store().list("packs/", [&](const storage::ObjectInfo& info) {
    const auto name = digest_of(info.name);
    const auto pack = name ? state.index->find_pack(*name) : std::nullopt;
    if (pack) present[*pack] = true;
  });
  for (std::uint32_t pack = 0; pack < present.size(); ++pack) {
    if (!present[pack]) state.gone.insert(pack);
  }
  state.seen_by_indexes = state.reasons;
  const auto known = state.index->packs().size();
  std::vector<Finding> told_already;
  repository_.add_indexes(*state.growing, told_already);
  if (state.index->packs().size() != known) ++state.learnt;
}

void ChunkFinder::read_packs(State& state) const {
  state.seen_by_packs = state.reasons;
  const auto known = state.index->packs().size();
  std::vector<Finding> unreadable;
  repository_.add_packs_without_index(*state.growing, unreadable);
  const auto added = state.index->packs().size() - known;
  if (added == 0) return;
  ++state.learnt;
  core::log::warning("an index is gone, or a backup has not written its own yet: reading the "
                     "directories of packs instead; intendance repository rebuild-index makes "
                     "the indexes anew",
                     {{"packs", std::to_string(added)}});
}

} // namespace intendance::backupd
