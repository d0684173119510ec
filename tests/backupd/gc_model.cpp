// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/gc_model.hpp"

#include "tests/backupd/gc_model_steps.hpp"

#include <fmt/format.h>

namespace intendance::backupd::gc_model {

// --- the store
// ------------------------------------------------------------------------------------

Set Store::packs() const {
  Set found = 0;
  for (std::size_t slot = 0; slot < pack_slots; ++slot) {
    if (state_.packs[slot].chunks != 0) found |= bit(slot);
  }
  return found;
}

Set Store::packs_with(std::size_t chunk) const {
  Set found = 0;
  for (std::size_t slot = 0; slot < pack_slots; ++slot) {
    if (holds(state_.packs[slot].chunks, chunk)) found |= bit(slot);
  }
  return found;
}

Set Store::indexes(bool stale) const {
  Set found = 0;
  for (std::size_t slot = 0; slot < index_slots; ++slot) {
    const auto there = state_.indexes[slot].there;
    if (there == 1 || (there == 2 && !stale)) found |= bit(slot);
  }
  return found;
}

Set Store::indexed(Set indexes) const {
  Set found = 0;
  for (std::size_t slot = 0; slot < index_slots; ++slot) {
    if (holds(indexes, slot)) found |= state_.indexes[slot].packs;
  }
  return found;
}

Set Store::marked(bool stale) const {
  Set found = 0;
  for (const auto& mark : state_.marks) {
    if (!stale || mark.time < state_.time) found |= mark.packs;
  }
  return found;
}

Set Store::live(bool stale) const {
  Set found = 0;
  for (const auto& snapshot : state_.snapshots) {
    if (!stale || snapshot.recent == 0) found |= snapshot.chunks;
  }
  return found;
}

bool Store::counts(std::uint8_t session) const {
  if (setting_.fault == Fault::sessions_count_for_ever) return session != 0;
  return session != 0 && state_.time + 1u - session <= setting_.session_life;
}

Set Store::remembered_packs() const {
  Set found = static_cast<Set>(marked(false) | indexed(indexes(false)));
  for (const auto& writer : state_.writers) found |= writer.usable | writer.used | writer.written;
  for (const auto& pruner : state_.pruners) {
    found |= pruner.indexed | pruner.source | pruner.marked;
    if (setting_.fault != Fault::names_are_used_again) found |= pruner.victims;
  }
  return found;
}

Set Store::remembered_indexes() const {
  Set found = 0;
  for (const auto& pruner : state_.pruners) found |= pruner.indexes;
  return found;
}

bool Store::is_swept(std::size_t mark) const {
  return std::any_of(state_.pruners.begin(), state_.pruners.end(), [&](const Pruner& pruner) {
    return pruner.at >= PrunerAt::sweep_sessions && pruner.target == mark;
  });
}

int Store::put_pack(Set chunks) {
  const auto taken = static_cast<Set>(packs() | remembered_packs());
  for (std::size_t slot = 0; slot < pack_slots; ++slot) {
    if (holds(taken, slot)) continue;
    state_.packs[slot] = {chunks, state_.time};
    return static_cast<int>(slot);
  }
  return -1;
}

int Store::put_index(Set packs) {
  const auto taken = static_cast<Set>(indexes(false) | remembered_indexes());
  for (std::size_t slot = 0; slot < index_slots; ++slot) {
    if (holds(taken, slot)) continue;
    state_.indexes[slot] = {packs, static_cast<std::uint8_t>(setting_.lag > 0 ? 2 : 1)};
    return static_cast<int>(slot);
  }
  return -1;
}

int Store::put_mark(Set packs) {
  if (state_.marks_put >= setting_.marks) return -1;
  for (std::size_t slot = 0; slot < mark_slots; ++slot) {
    if (state_.marks[slot].packs != 0 || is_swept(slot)) continue;
    ++state_.marks_put;
    state_.marks[slot] = {packs, state_.time};
    return static_cast<int>(slot);
  }
  return -1;
}

void Store::put_snapshot(std::size_t slot, Set chunks) {
  state_.snapshots[slot] = {chunks, static_cast<std::uint8_t>(setting_.lag > 0 ? 1 : 0)};
}

void Store::forget_what_cannot_matter() {
  std::uint8_t oldest = state_.time;
  for (auto& writer : state_.writers) {
    for (auto* session : {&writer.session, &writer.commit_session}) {
      if (writer.at == WriterAt::done && !counts(*session)) *session = 0;
      if (*session != 0) oldest = std::min(oldest, static_cast<std::uint8_t>(*session - 1));
    }
  }
  for (const auto& pruner : state_.pruners) {
    if (pruner.at != PrunerAt::idle) oldest = std::min(oldest, pruner.bound);
  }
  for (auto& pack : state_.packs) {
    if (pack.time < oldest) pack.time = 0;
  }
}

// --- the world
// ------------------------------------------------------------------------------------

State initial_state(const Setting& setting) {
  State state{};
  Set packs = 0;
  for (std::size_t each = 0; each < setting.packs.size(); ++each) {
    state.packs[each] = {setting.packs[each], 0};
    if (setting.packs[each] != 0) packs |= bit(each);
  }
  state.indexes[0] = {packs, 1};
  for (std::size_t each = 0; each < setting.snapshots.size(); ++each) {
    state.snapshots[each] = {setting.snapshots[each], 0};
  }
  for (std::size_t each = 0; each < most_writers; ++each) {
    if (each >= setting.writers) state.writers[each].at = WriterAt::done;
  }
  state.time = 1; // whoever begins now is younger than what is there
  return state;
}

namespace {

void tick(State& state) {
  ++state.time;
  for (auto& index : state.indexes) index.there = std::min<std::uint8_t>(index.there, 1);
  for (auto& snapshot : state.snapshots) snapshot.recent = 0;
}

void add_world_steps(Steps& steps) {
  if (steps.state().time < steps.setting().last_tick) {
    steps.add(the_world, "time passes", [](State& after, Store&) {
      tick(after);
      return true;
    });
  }
  for (std::size_t slot = 0; steps.setting().forgets && slot < 2 + most_writers; ++slot) {
    steps.add(the_world, "somebody forgets a snapshot", [&](State& after, Store&) {
      const bool there = after.snapshots[slot].chunks != 0;
      after.snapshots[slot] = {};
      return there;
    });
  }
}

void add_crash(Steps& steps, std::size_t number) {
  const auto at = steps.state().writers[number].at;
  if (at == WriterAt::announce || at == WriterAt::done) return;
  steps.add(number, "crashes", [&](State& after, Store&) {
    ++after.crashes;
    auto& writer = after.writers[number];
    writer = {WriterAt::done, 0, 0, 0, 0, 0, writer.session, writer.commit_session};
    return true;
  });
}

} // namespace

void add_steps(const Setting& setting, const State& state, std::vector<Next>& steps) {
  Steps all(setting, state, steps);
  for (std::size_t each = 0; each < setting.writers; ++each) {
    add_writer_steps(all, each);
    if (state.crashes < setting.crashes) add_crash(all, each);
  }
  for (std::size_t each = 0; each < setting.pruners; ++each) {
    add_pruner_steps(all, each, false);
    // A pruner that crashed has forgotten everything, as one that begins.
    if (state.pruners[each].at == PrunerAt::idle || state.crashes >= setting.crashes) continue;
    all.add(most_writers + each, "crashes", [&](State& after, Store&) {
      after.pruners[each] = {};
      ++after.crashes;
      return true;
    });
  }
  add_world_steps(all);
}

Harm harm_in(const Setting& setting, const State& state) {
  State copy = state;
  const Store store(setting, copy);
  const auto indexed = store.indexed(store.indexes(false));
  for (const auto& snapshot : state.snapshots) {
    for (std::size_t chunk = 0; chunk < 8; ++chunk) {
      if (!holds(snapshot.chunks, chunk)) continue;
      const auto packs = store.packs_with(chunk);
      if (packs == 0) return Harm::lost_chunk;
      if ((packs & indexed) == 0) return Harm::unfindable_chunk;
    }
  }
  // Two pruners may each put back what the other took out of an index; whoever uses an index looks
  // whether its packs are there.
  if (setting.expect_tidy_indexes && without(indexed, store.packs()) != 0)
    return Harm::dangling_index;
  return Harm::none;
}

bool is_quiet(const Setting& setting, const State& state) {
  for (std::size_t each = 0; each < setting.writers; ++each) {
    const auto at = state.writers[each].at;
    if (at != WriterAt::announce && at != WriterAt::done) return false;
  }
  return std::all_of(state.pruners.begin(), state.pruners.end(),
                     [](const Pruner& pruner) { return pruner.at == PrunerAt::idle; });
}

// --- liveness
// -------------------------------------------------------------------------------------

namespace {

// Takes the first step there is until the pruner is idle again. False: the model is full.
bool run_pruner(const Setting& setting, State& state) {
  do {
    std::vector<Next> next;
    Steps steps(setting, state, next);
    add_pruner_steps(steps, 0, true);
    if (next.empty()) return false;
    state = next.front().state;
  } while (state.pruners[0].at != PrunerAt::idle);
  return true;
}

std::string garbage_in(const Setting& setting, State& state) {
  const Store store(setting, state);
  for (std::size_t slot = 0; slot < pack_slots; ++slot) {
    const auto chunks = state.packs[slot].chunks;
    if (chunks != 0 && (chunks & store.live(false)) == 0) {
      return fmt::format("pack {} is dead and still there", slot);
    }
  }
  if (store.marked(false) != 0) return "a mark is left";
  return {};
}

} // namespace

std::optional<std::string> garbage_after_pruning(const Setting& setting, State state) {
  // With more time than any model has, and without lists that lag.
  auto alone = setting;
  alone.lag = 0;
  alone.marks = alone.copies = 0xff;
  // Marks that are there already, then a mark of what is dead, then its sweep.
  for (std::size_t round = 0; round < 2 * mark_slots + 2; ++round) {
    for (unsigned wait = 0; wait <= setting.session_life + setting.grace; ++wait) tick(state);
    if (!run_pruner(alone, state)) return std::nullopt;
    if (const auto harm = harm_in(alone, state); harm == Harm::lost_chunk) return "a chunk is lost";
  }
  return garbage_in(alone, state);
}

// --- in words
// -------------------------------------------------------------------------------------

std::string name_of(Fault fault) {
  switch (fault) {
  case Fault::none: return "none";
  case Fault::writer_ignores_first_marks: return "writer_ignores_first_marks";
  case Fault::writer_announces_no_commit: return "writer_announces_no_commit";
  case Fault::writer_checks_no_marks: return "writer_checks_no_marks";
  case Fault::writer_checks_no_packs: return "writer_checks_no_packs";
  case Fault::writer_checks_packs_before_marks: return "writer_checks_packs_before_marks";
  case Fault::writer_commits_late: return "writer_commits_late";
  case Fault::writer_leaves_before_commit: return "writer_leaves_before_commit";
  case Fault::prune_marks_young_packs: return "prune_marks_young_packs";
  case Fault::sweep_ignores_sessions: return "sweep_ignores_sessions";
  case Fault::sweep_ignores_sessions_as_old_as_the_mark:
    return "sweep_ignores_sessions_as_old_as_the_mark";
  case Fault::sweep_ignores_grace: return "sweep_ignores_grace";
  case Fault::sweep_trusts_the_mark: return "sweep_trusts_the_mark";
  case Fault::sweep_reads_snapshots_before_sessions: return "sweep_reads_snapshots_before_sessions";
  case Fault::sweep_counts_marked_copies: return "sweep_counts_marked_copies";
  case Fault::sweep_takes_packs_out_of_marks: return "sweep_takes_packs_out_of_marks";
  case Fault::sweep_removes_mark_first: return "sweep_removes_mark_first";
  case Fault::sweep_removes_indexes_before_the_new_one:
    return "sweep_removes_indexes_before_the_new_one";
  case Fault::sweep_removes_packs_before_indexes: return "sweep_removes_packs_before_indexes";
  case Fault::sweep_removes_packs_before_copies_are_indexed:
    return "sweep_removes_packs_before_copies_are_indexed";
  case Fault::names_are_used_again: return "names_are_used_again";
  case Fault::sessions_count_for_ever: return "sessions_count_for_ever";
  }
  return "unknown";
}

std::string describe(const Setting& setting, const State& state) {
  auto text = fmt::format("t{} packs", state.time);
  for (const auto& pack : state.packs) text += fmt::format(" {}@{}", pack.chunks, pack.time);
  text += " indexes";
  for (const auto& index : state.indexes) {
    if (index.there != 0) text += fmt::format(" {:b}", index.packs);
  }
  text += " marks";
  for (const auto& mark : state.marks) {
    if (mark.packs != 0) text += fmt::format(" {:b}@{}", mark.packs, mark.time);
  }
  text += " snapshots";
  for (const auto& snapshot : state.snapshots) text += fmt::format(" {}", snapshot.chunks);
  for (std::size_t each = 0; each < setting.writers; ++each) {
    const auto& writer = state.writers[each];
    text += fmt::format(" | writer {} uses {:b} sessions {} {}", static_cast<int>(writer.at),
                        writer.used, writer.session - 1, writer.commit_session - 1);
  }
  for (std::size_t each = 0; each < setting.pruners; ++each) {
    const auto& pruner = state.pruners[each];
    text += fmt::format(" | pruner {} live {} marked {:b} victims {:b}",
                        static_cast<int>(pruner.at), pruner.live, pruner.marked, pruner.victims);
  }
  return text;
}

} // namespace intendance::backupd::gc_model
