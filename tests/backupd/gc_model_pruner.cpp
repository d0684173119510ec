// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/gc_model_steps.hpp"

#include <bit>

namespace intendance::backupd::gc_model {

namespace {

std::size_t lowest(Set set) { return static_cast<std::size_t>(std::countr_zero(set)); }

class PrunerSteps {
public:
  PrunerSteps(Steps& steps, std::size_t number, bool thrifty)
      : steps_(steps), number_(number), thrifty_(thrifty), now_(steps.state().pruners[number]) {}

  void add() {
    switch (now_.at) {
    case PrunerAt::idle: return begin();
    case PrunerAt::list_sessions: return list_sessions();
    case PrunerAt::choose: return choose();
    case PrunerAt::copy: return copy(PrunerAt::index_copy);
    case PrunerAt::index_copy: return index_copy(PrunerAt::put_mark);
    case PrunerAt::put_mark: return put_mark();
    case PrunerAt::sweep_sessions: return sweep_sessions();
    case PrunerAt::sweep_snapshots: return sweep_snapshots();
    case PrunerAt::sweep_marks: return list_marks(PrunerAt::sweep_indexes);
    case PrunerAt::sweep_indexes: return sweep_indexes();
    case PrunerAt::sweep_packs: return sweep_packs();
    case PrunerAt::sweep_copy: return copy(after_sweep_copy());
    case PrunerAt::sweep_index_copy: return index_copy(PrunerAt::sweep_marks);
    case PrunerAt::sweep_put_index: return sweep_put_index();
    case PrunerAt::sweep_remove_indexes: return sweep_remove_indexes();
    case PrunerAt::sweep_remove_packs: return sweep_remove_packs();
    case PrunerAt::sweep_remove_mark: return sweep_remove_mark();
    }
  }

private:
  template <class Change>
  void step(std::string_view what, Change&& change) {
    steps_.add(most_writers + number_, what, [&](State& after, Store& store) {
      return change(after.pruners[number_], store, after);
    });
  }

  // Sweeps come first, so that a pruner alone gets everything done.
  void begin() {
    const auto& state = steps_.state();
    const auto grace = steps_.is(Fault::sweep_ignores_grace) ? 0 : steps_.setting().grace;
    for (std::size_t slot = 0; slot < mark_slots; ++slot) {
      const auto& mark = state.marks[slot];
      if (mark.packs == 0 || mark.time + grace > state.time) continue;
      step("lists marks and takes one to sweep", [&](Pruner& pruner, Store&, State&) {
        pruner.at = steps_.is(Fault::sweep_reads_snapshots_before_sessions)
                        ? PrunerAt::sweep_snapshots
                        : PrunerAt::sweep_sessions;
        pruner.target = static_cast<std::uint8_t>(slot);
        pruner.bound = mark.time;
        pruner.victims = mark.packs;
        return true;
      });
    }
    if (state.marks_put >= steps_.setting().marks) return;
    if (steps_.setting().hasty && !thrifty_) return put_any_mark();
    step("begins to mark", [](Pruner& pruner, Store&, State&) {
      pruner.at = PrunerAt::list_sessions;
      return true;
    });
  }

  // --- phase 1
  // ------------------------------------------------------------------------------------

  void put_any_mark() {
    Set allowed = 0;
    for (std::size_t slot = 0; slot < pack_slots; ++slot) {
      const auto& pack = steps_.state().packs[slot];
      if (pack.chunks != 0) allowed |= bit(slot);
    }
    for (Set packs = 1; packs <= allowed; ++packs) {
      if ((packs & allowed) != packs) continue;
      step("puts a mark",
           [&](Pruner&, Store& store, State&) { return store.put_mark(packs) >= 0; });
    }
  }

  // The time comes from an object that it puts.
  void list_sessions() {
    step("asks the store's time and lists sessions",
         [&](Pruner& pruner, Store& store, State& after) {
           pruner.bound = after.time;
           for (const auto& writer : after.writers) {
             for (const auto session : {writer.session, writer.commit_session}) {
               if (store.counts(session)) {
                 pruner.bound = std::min(pruner.bound, static_cast<std::uint8_t>(session - 1));
               }
             }
           }
           if (steps_.is(Fault::prune_marks_young_packs)) pruner.bound = 0xff;
           pruner.at = PrunerAt::choose;
           return true;
         });
  }

  // Reads snapshots, marks and packs, in one step: safety does not hang on what is marked. Any old
  // pack may be, alone or with all the others, and its live chunks may have been copied or not.
  void choose() {
    State copy = steps_.state();
    const Store store(steps_.setting(), copy);
    Set allowed = 0, dead = 0;
    for (std::size_t slot = 0; slot < pack_slots; ++slot) {
      const auto& pack = copy.packs[slot];
      if (pack.chunks == 0 || pack.time >= now_.bound || holds(store.marked(false), slot)) continue;
      allowed |= bit(slot);
      if ((pack.chunks & store.live(false)) == 0) dead |= bit(slot);
    }
    if (thrifty_) return mark(dead, 0);
    mark(allowed, 0);
    for (std::size_t slot = 0; slot < pack_slots; ++slot) {
      if (!holds(allowed, slot)) continue;
      if (allowed != bit(slot)) mark(bit(slot), 0);
      if (!holds(dead, slot)) mark(bit(slot), bit(slot));
    }
  }

  void mark(Set victims, Set source) {
    step("reads snapshots and chooses what to mark", [&](Pruner& pruner, Store& store, State&) {
      pruner = {};
      if (victims == 0) return true; // nothing to do
      pruner.at = source != 0 ? PrunerAt::copy : PrunerAt::put_mark;
      pruner.live = source != 0 ? store.live(false) : Set{0};
      pruner.victims = victims;
      pruner.source = source;
      return true;
    });
  }

  void copy(PrunerAt next) {
    step("copies live chunks into a new pack", [&](Pruner& pruner, Store& store, State& after) {
      const auto chunks = static_cast<Set>(after.packs[lowest(pruner.source)].chunks & pruner.live);
      if (chunks == 0) { // somebody else removed it
        pruner = {};
        return true;
      }
      pruner.source = 0;
      const int slot = after.copies_put < steps_.setting().copies ? store.put_pack(chunks) : -1;
      if (slot < 0) return false;
      ++after.copies_put;
      pruner.source = bit(static_cast<std::size_t>(slot));
      pruner.at = next;
      return true;
    });
  }

  void index_copy(PrunerAt next) {
    step("puts an index of the copy", [&](Pruner& pruner, Store& store, State&) {
      const int slot = store.put_index(pruner.source);
      pruner.source = 0;
      pruner.at = next;
      return slot >= 0;
    });
  }

  void put_mark() {
    step("puts a mark", [&](Pruner& pruner, Store& store, State&) {
      const auto victims = pruner.victims;
      pruner = {};
      return store.put_mark(victims) >= 0;
    });
    for (const auto& writer : steps_.state().writers) {
      State copy = steps_.state();
      const Store store(steps_.setting(), copy);
      if (store.counts(writer.session) && (writer.written & now_.victims) != 0) {
        steps_.harm_of_last(Harm::young_pack_marked);
      }
    }
  }

  // --- phase 2
  // ------------------------------------------------------------------------------------

  void list_snapshots(PrunerAt next) {
    steps_.each_list([&](bool stale) {
      step("lists snapshots", [&](Pruner& pruner, Store& store, State&) {
        pruner.live = store.live(stale);
        pruner.at = next;
        return true;
      });
    });
  }

  void list_marks(PrunerAt next) {
    steps_.each_list([&](bool stale) {
      step("lists marks", [&](Pruner& pruner, Store& store, State&) {
        pruner.marked = store.marked(stale);
        pruner.at = next;
        return true;
      });
    });
  }

  bool is_held_back(const State& state, const Store& store) const {
    if (steps_.is(Fault::sweep_ignores_sessions)) return false;
    const bool strict = steps_.is(Fault::sweep_ignores_sessions_as_old_as_the_mark);
    for (const auto& writer : state.writers) {
      for (const auto session : {writer.session, writer.commit_session}) {
        // What a stale list would not show is as old as this tick; a mark of this tick is swept
        // only without grace.
        if (store.counts(session) && session <= now_.bound + (strict ? 0 : 1)) return true;
      }
    }
    return false;
  }

  void sweep_sessions() {
    step("lists sessions", [&](Pruner& pruner, Store& store, State& after) {
      if (is_held_back(after, store)) {
        pruner = {};
        return true;
      }
      pruner.at = steps_.is(Fault::sweep_reads_snapshots_before_sessions)
                      ? PrunerAt::sweep_marks
                      : PrunerAt::sweep_snapshots;
      return true;
    });
  }

  void sweep_snapshots() {
    if (steps_.is(Fault::sweep_trusts_the_mark)) {
      return step("trusts the mark", [](Pruner& pruner, Store&, State&) {
        pruner.at = PrunerAt::sweep_marks;
        return true;
      });
    }
    list_snapshots(steps_.is(Fault::sweep_reads_snapshots_before_sessions)
                       ? PrunerAt::sweep_sessions
                       : PrunerAt::sweep_marks);
  }

  void sweep_indexes() {
    steps_.each_list([&](bool stale) {
      step("lists indexes", [&](Pruner& pruner, Store& store, State&) {
        pruner.indexes = store.indexes(stale);
        pruner.indexed = store.indexed(pruner.indexes);
        pruner.at = PrunerAt::sweep_packs;
        return true;
      });
    });
  }

  PrunerAt after_sweep_copy() const {
    return steps_.is(Fault::sweep_removes_packs_before_copies_are_indexed)
               ? PrunerAt::sweep_marks
               : PrunerAt::sweep_index_copy;
  }
  // Packs that hold a live chunk of which no copy stands where it counts.
  Set packs_to_rescue(const Store& store) const {
    auto counting = without(store.packs(), now_.victims);
    if (!steps_.is(Fault::sweep_counts_marked_copies)) counting = without(counting, now_.marked);
    if (!steps_.is(Fault::sweep_removes_packs_before_copies_are_indexed)) {
      counting &= now_.indexed;
    }
    Set found = 0;
    for (std::size_t chunk = 0; chunk < 8; ++chunk) {
      if (!holds(now_.live, chunk) || (store.packs_with(chunk) & counting) != 0) continue;
      found |= static_cast<Set>(store.packs_with(chunk) & now_.victims);
    }
    return found;
  }

  void sweep_packs() {
    step("looks which packs are there", [&](Pruner& pruner, Store& store, State& after) {
      const auto rescued = packs_to_rescue(store);
      if (rescued != 0 && !steps_.is(Fault::sweep_takes_packs_out_of_marks)) {
        pruner.at = PrunerAt::sweep_copy;
        pruner.source = bit(lowest(rescued));
        pruner.indexes = pruner.indexed = pruner.marked = 0;
        return true;
      }
      const auto victims = without(pruner.victims, rescued);
      const auto gone = without(pruner.indexed, store.packs());
      Set rewritten = 0, kept = 0;
      for (std::size_t slot = 0; slot < index_slots; ++slot) {
        const auto named = holds(pruner.indexes, slot) ? after.indexes[slot].packs : Set{0};
        if ((named & (victims | gone)) == 0) continue;
        rewritten |= bit(slot);
        kept |= without(named, static_cast<Set>(victims | gone));
      }
      pruner = {PrunerAt::idle, 0, 0, 0, rewritten, kept, victims, 0, pruner.target};
      go_on(pruner, first_removal());
      return true;
    });
  }

  // The order of removals: the new index, old indexes, packs, the mark.
  PrunerAt first_removal() const {
    if (steps_.is(Fault::sweep_removes_mark_first)) return PrunerAt::sweep_remove_mark;
    if (steps_.is(Fault::sweep_removes_packs_before_indexes)) return PrunerAt::sweep_remove_packs;
    if (steps_.is(Fault::sweep_removes_indexes_before_the_new_one)) {
      return PrunerAt::sweep_remove_indexes;
    }
    return PrunerAt::sweep_put_index;
  }
  PrunerAt after(PrunerAt at) const {
    const bool indexes_first = steps_.is(Fault::sweep_removes_indexes_before_the_new_one);
    const bool packs_first = steps_.is(Fault::sweep_removes_packs_before_indexes);
    const bool mark_first = steps_.is(Fault::sweep_removes_mark_first);
    switch (at) {
    case PrunerAt::sweep_put_index:
      return indexes_first ? PrunerAt::sweep_remove_packs : PrunerAt::sweep_remove_indexes;
    case PrunerAt::sweep_remove_indexes:
      if (indexes_first) return PrunerAt::sweep_put_index;
      return packs_first ? PrunerAt::sweep_remove_mark : PrunerAt::sweep_remove_packs;
    case PrunerAt::sweep_remove_packs:
      if (mark_first) return PrunerAt::idle;
      return packs_first ? PrunerAt::sweep_put_index : PrunerAt::sweep_remove_mark;
    default: return mark_first ? PrunerAt::sweep_put_index : PrunerAt::idle;
    }
  }

  // To the next removal for which there is something to do.
  void go_on(Pruner& pruner, PrunerAt at) const {
    while ((at == PrunerAt::sweep_put_index && pruner.indexed == 0) ||
           (at == PrunerAt::sweep_remove_indexes && pruner.indexes == 0) ||
           (at == PrunerAt::sweep_remove_packs && pruner.victims == 0)) {
      at = after(at);
    }
    pruner.at = at;
    if (at == PrunerAt::idle) pruner = {};
  }

  void sweep_put_index() {
    step("puts an index without them", [&](Pruner& pruner, Store& store, State&) {
      const int slot = store.put_index(pruner.indexed);
      pruner.indexed = 0;
      go_on(pruner, after(now_.at));
      return slot >= 0;
    });
  }

  void sweep_remove_indexes() {
    step("removes an old index", [&](Pruner& pruner, Store&, State& state) {
      state.indexes[lowest(pruner.indexes)] = {};
      pruner.indexes &= static_cast<Set>(pruner.indexes - 1);
      go_on(pruner, pruner.indexes != 0 ? now_.at : after(now_.at));
      return true;
    });
  }

  void sweep_remove_packs() {
    step("removes a pack", [&](Pruner& pruner, Store&, State& state) {
      state.packs[lowest(pruner.victims)] = {};
      pruner.victims &= static_cast<Set>(pruner.victims - 1);
      go_on(pruner, pruner.victims != 0 ? now_.at : after(now_.at));
      return true;
    });
  }

  void sweep_remove_mark() {
    step("removes the mark", [&](Pruner& pruner, Store&, State& state) {
      state.marks[pruner.target] = {};
      go_on(pruner, after(now_.at));
      return true;
    });
  }

  Steps& steps_;
  std::size_t number_;
  bool thrifty_;
  const Pruner& now_;
};

} // namespace

void add_pruner_steps(Steps& steps, std::size_t number, bool thrifty) {
  PrunerSteps(steps, number, thrifty).add();
}

} // namespace intendance::backupd::gc_model
