// SPDX-License-Identifier: AGPL-3.0-or-later
// What the steps of writers and of pruners share.
#pragma once

#include "tests/backupd/gc_model.hpp"

#include <algorithm>

namespace intendance::backupd::gc_model {

constexpr std::uint8_t the_world = 0xff;

constexpr Set bit(std::size_t slot) { return static_cast<Set>(1u << slot); }
constexpr bool holds(Set set, std::size_t slot) { return (set & bit(slot)) != 0; }
constexpr Set without(Set set, Set other) { return static_cast<Set>(set & ~other); }

// The store's verbs, on one state. A put under a new name finds no slot when the model is full: the
// step is then not taken.
class Store {
public:
  Store(const Setting& setting, State& state) : setting_(setting), state_(state) {}

  Set packs() const;                       // that are there
  Set packs_with(std::size_t chunk) const; // that are there
  Set indexes(bool stale) const;           // slots; `stale`: without those put in this tick
  Set indexed(Set indexes) const;          // packs that they name
  Set marked(bool stale) const;            // packs in any mark
  Set live(bool stale) const;              // chunks in any snapshot
  bool counts(std::uint8_t session) const; // a session that is there and not too old

  // The slot, or -1.
  int put_pack(Set chunks);
  int put_index(Set packs);
  int put_mark(Set packs);
  void put_snapshot(std::size_t slot, Set chunks);
  // Makes states alike that nothing can tell apart any more.
  void forget_what_cannot_matter();
  std::uint8_t session_now() const { return static_cast<std::uint8_t>(state_.time + 1); }

private:
  Set remembered_packs() const; // by anybody
  Set remembered_indexes() const;
  bool is_swept(std::size_t mark) const;

  const Setting& setting_;
  State& state_;
};

class Steps {
public:
  Steps(const Setting& setting, const State& state, std::vector<Next>& steps)
      : setting_(setting), state_(state), steps_(steps) {}

  const Setting& setting() const { return setting_; }
  const State& state() const { return state_; }
  bool is(Fault fault) const { return setting_.fault == fault; }

  // `change(state, store)` says whether the step can be taken.
  template <class Change>
  void add(std::size_t who, std::string_view step, Change&& change) {
    State after = state_;
    Store store(setting_, after);
    if (change(after, store)) {
      store.forget_what_cannot_matter();
      steps_.push_back({after, step, static_cast<std::uint8_t>(who), Harm::none});
    }
  }
  void harm_of_last(Harm harm) { steps_.back().harm = harm; }

  // Once, or twice where a list may be stale.
  template <class Look>
  void each_list(Look&& look) const {
    look(false);
    if (setting_.lag > 0) look(true);
  }

private:
  const Setting& setting_;
  const State& state_;
  std::vector<Next>& steps_;
};

void add_writer_steps(Steps& steps, std::size_t number);
// `thrifty`: marks exactly the packs without live chunks.
void add_pruner_steps(Steps& steps, std::size_t number, bool thrifty);

} // namespace intendance::backupd::gc_model
