// SPDX-License-Identifier: AGPL-3.0-or-later
// A small model of docs/garbage-collection.md: writers, pruners and a store of at most five packs,
// of which gc_model_test.cpp visits every state. One verb of the store is one step; between any two
// steps anybody else may act, crash or be stopped for as long as there is time.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::backupd::gc_model {

using Set = std::uint8_t; // of chunks, packs or indexes: a bit each

constexpr std::size_t pack_slots = 4;
constexpr std::size_t index_slots = 5;
constexpr std::size_t mark_slots = 3;
constexpr std::size_t most_writers = 2;
constexpr std::size_t most_pruners = 2;

// The protocol without one of its rules.
enum class Fault : std::uint8_t {
  none,
  writer_ignores_first_marks,
  writer_announces_no_commit,
  writer_checks_no_marks,
  writer_checks_no_packs,
  writer_checks_packs_before_marks,
  writer_commits_late,
  writer_leaves_before_commit,
  prune_marks_young_packs,
  sweep_ignores_sessions,
  sweep_ignores_sessions_as_old_as_the_mark,
  sweep_ignores_grace,
  sweep_trusts_the_mark,
  sweep_reads_snapshots_before_sessions,
  sweep_counts_marked_copies,
  sweep_takes_packs_out_of_marks,
  sweep_removes_mark_first,
  sweep_removes_indexes_before_the_new_one,
  sweep_removes_packs_before_indexes,
  sweep_removes_packs_before_copies_are_indexed,
  names_are_used_again,
  sessions_count_for_ever,
};

std::string name_of(Fault fault);

// Time is counted in ticks of the store's clock; things of the same tick have the same time.
struct Setting {
  std::size_t writers = 1, pruners = 1;
  std::array<Set, most_writers> wanted = {1, 3}; // the chunks of each writer's snapshot
  std::array<Set, 2> snapshots = {3, 1};         // that are there at first
  std::array<Set, 2> packs = {3, 0};             // that are there at first
  unsigned grace = 0;                            // from a mark to its sweep
  unsigned session_life = 1;                     // a session that is older counts no more
  unsigned commit_limit = 0;                     // from the announcement of a commit to the commit
  unsigned lag = 0;                 // 0, or 1: lists may miss what was put in this tick
  unsigned last_tick = 2;           // the clock stops there
  unsigned marks = 2;               // that are ever put, besides what clears up
  unsigned crashes = 1, copies = 2; // at most
  bool forgets = true;
  // Leaves out what only saves work: a writer uses any pack that an index ever named and gives up
  // at a conflict, a pruner marks anything, as somebody might who forges marks. Harmless then
  // means harmless however little a participant knew when it began.
  bool hasty = false;
  // Holds as long as one pruner works and no writer outlives its session.
  bool expect_tidy_indexes = false;
  Fault fault = Fault::none;
};

enum class WriterAt : std::uint8_t {
  announce,
  list_marks,
  list_indexes,
  list_packs,
  put_pack,
  put_index,
  announce_commit,
  check_marks,
  check_packs,
  commit,
  remove_sessions,
  done,
};

struct Writer {
  WriterAt at;
  Set marked, usable, used, written;
  Set missing;                          // chunks to be written
  std::uint8_t session, commit_session; // time + 1, or 0: none. They stay when the writer crashes.
  bool operator==(const Writer&) const = default;
};

enum class PrunerAt : std::uint8_t {
  idle,
  // phase 1
  list_sessions,
  choose,
  copy,
  index_copy,
  put_mark,
  // phase 2
  sweep_sessions,
  sweep_snapshots,
  sweep_marks,
  sweep_indexes,
  sweep_packs,
  sweep_copy,
  sweep_index_copy,
  sweep_put_index,
  sweep_remove_indexes,
  sweep_remove_packs,
  sweep_remove_mark,
};

struct Pruner {
  PrunerAt at;
  std::uint8_t bound;  // candidates are older
  Set live;            // chunks
  Set marked;          // packs
  Set indexes;         // that were listed
  Set indexed;         // packs that they name
  Set victims;         // packs
  Set source;          // the one pack to copy from; then the copy
  std::uint8_t target; // the mark that is swept
  bool operator==(const Pruner&) const = default;
};

// Everything is bytes without gaps, so that a state can be hashed as it lies.
struct State {
  std::uint8_t time;
  std::uint8_t marks_put, copies_put, crashes;
  struct Pack {
    Set chunks; // none: not there
    std::uint8_t time;
  };
  struct Index {
    Set packs;
    std::uint8_t there; // 0, 1; 2: put in this tick
  };
  struct Mark {
    Set packs; // none: not there
    std::uint8_t time;
  };
  struct Snapshot {
    Set chunks; // none: not there
    std::uint8_t recent;
  };
  std::array<Pack, pack_slots> packs;
  std::array<Index, index_slots> indexes;
  std::array<Mark, mark_slots> marks;
  std::array<Snapshot, 2 + most_writers> snapshots;
  std::array<Writer, most_writers> writers;
  std::array<Pruner, most_pruners> pruners;
};

enum class Harm : std::uint8_t {
  none,
  lost_chunk,        // of a snapshot that nobody forgot
  unfindable_chunk,  // it is there, but no index says where
  young_pack_marked, // of a session that counts: its writer would have to begin again
  needless_conflict, // with a mark that was there before the writer began
  dangling_index,    // names a pack that is gone
};

struct Next {
  State state;
  std::string_view step;
  std::uint8_t who; // writers, then pruners; 0xff: the world
  Harm harm;        // that the step itself does
};

State initial_state(const Setting& setting);

// All steps that anybody can take.
void add_steps(const Setting& setting, const State& state, std::vector<Next>& steps);

// What is wrong with the store.
Harm harm_in(const Setting& setting, const State& state);

// Nobody runs.
bool is_quiet(const Setting& setting, const State& state);

// Prunes a quiet state, alone, with all the time it takes. Says what is left that should not be; or
// nullopt, when the model has no slot for a copy that would have to be made.
std::optional<std::string> garbage_after_pruning(const Setting& setting, State state);

// One line: time, packs, indexes, marks, snapshots, who is where.
std::string describe(const Setting& setting, const State& state);

} // namespace intendance::backupd::gc_model
