// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/gc_model_steps.hpp"

namespace intendance::backupd::gc_model {

namespace {

class WriterSteps {
public:
  WriterSteps(Steps& steps, std::size_t number)
      : steps_(steps), number_(number), now_(steps.state().writers[number]) {}

  void add() {
    switch (now_.at) {
    case WriterAt::announce: return announce();
    case WriterAt::list_marks: return list_marks();
    case WriterAt::list_indexes: return list_indexes();
    case WriterAt::list_packs: return list_packs();
    case WriterAt::put_pack: return put_pack();
    case WriterAt::put_index: return put_index();
    case WriterAt::announce_commit: return announce_commit();
    case WriterAt::check_marks: return check_marks();
    case WriterAt::check_packs: return check_packs();
    case WriterAt::commit: return commit();
    case WriterAt::remove_sessions: return remove_sessions();
    case WriterAt::done: return;
    }
  }

private:
  template <class Change>
  void step(std::string_view what, Change&& change) {
    steps_.add(number_, what, [&](State& after, Store& store) {
      return change(after.writers[number_], store, after);
    });
  }
  void begin_again(Writer& writer) const {
    if (steps_.setting().hasty) {
      writer = {WriterAt::remove_sessions, 0, 0, 0, 0, 0, writer.session, writer.commit_session};
      return;
    }
    writer.used = writer.usable = writer.marked = writer.missing = 0;
    writer.at = WriterAt::list_marks;
  }

  void announce() {
    if (steps_.setting().hasty) return list_packs();
    step("puts its session", [](Writer& writer, Store& store, State&) {
      writer.session = store.session_now();
      writer.at = WriterAt::list_marks;
      return true;
    });
  }

  void list_marks() {
    steps_.each_list([&](bool stale) {
      step("lists marks", [&](Writer& writer, Store& store, State&) {
        const bool ignored = steps_.is(Fault::writer_ignores_first_marks);
        writer.marked = ignored ? Set{0} : store.marked(stale);
        writer.at = WriterAt::list_indexes;
        return true;
      });
    });
  }

  void list_indexes() {
    steps_.each_list([&](bool stale) {
      step("lists indexes", [&](Writer& writer, Store& store, State&) {
        writer.usable = without(store.indexed(store.indexes(stale)), writer.marked);
        writer.marked = 0;
        writer.at = WriterAt::list_packs;
        return true;
      });
    });
  }

  // Any usable pack may be the one where a chunk is found.
  void list_packs() {
    State copy = steps_.state();
    const Store look(steps_.setting(), copy);
    const bool hasty = steps_.setting().hasty;
    const auto usable = hasty ? look.indexed(look.indexes(false)) : now_.usable;
    const auto wanted = steps_.setting().wanted[number_];
    std::vector<std::pair<Set, Set>> choices = {{0, 0}}; // used packs, missing chunks
    for (std::size_t chunk = 0; chunk < 8; ++chunk) {
      if (!holds(wanted, chunk)) continue;
      const auto packs = static_cast<Set>(look.packs_with(chunk) & usable);
      std::vector<std::pair<Set, Set>> longer;
      for (const auto& [used, missing] : choices) {
        if (packs == 0 || hasty) longer.emplace_back(used, static_cast<Set>(missing | bit(chunk)));
        for (std::size_t slot = 0; slot < pack_slots; ++slot) {
          if (holds(packs, slot)) longer.emplace_back(static_cast<Set>(used | bit(slot)), missing);
        }
      }
      choices = std::move(longer);
    }
    for (const auto& choice : choices) {
      step("lists packs and finds its chunks", [&](Writer& writer, Store&, State&) {
        writer.used = choice.first;
        writer.missing = choice.second;
        writer.usable = 0;
        writer.at = choice.second != 0 ? WriterAt::put_pack : before_commit();
        return true;
      });
    }
  }

  WriterAt before_commit() const {
    return steps_.is(Fault::writer_announces_no_commit) ? WriterAt::check_marks
                                                        : WriterAt::announce_commit;
  }

  void put_pack() {
    step("puts a pack", [&](Writer& writer, Store& store, State&) {
      const int slot = store.put_pack(writer.missing);
      if (slot < 0) return false;
      writer.used |= bit(static_cast<std::size_t>(slot));
      writer.written |= bit(static_cast<std::size_t>(slot));
      writer.at = WriterAt::put_index;
      return true;
    });
  }

  void put_index() {
    step("puts an index", [&](Writer& writer, Store& store, State&) {
      writer.missing = 0;
      writer.at = before_commit();
      return store.put_index(writer.written) >= 0;
    });
  }

  void announce_commit() {
    step("puts a session for the commit", [&](Writer& writer, Store& store, State&) {
      writer.commit_session = store.session_now();
      writer.at = steps_.is(Fault::writer_checks_packs_before_marks) ? WriterAt::check_packs
                                                                     : WriterAt::check_marks;
      return true;
    });
  }

  WriterAt after_checks() const {
    return steps_.is(Fault::writer_leaves_before_commit) ? WriterAt::remove_sessions
                                                         : WriterAt::commit;
  }

  void check_marks() {
    const auto next =
        steps_.is(Fault::writer_checks_packs_before_marks) ? after_checks() : WriterAt::check_packs;
    steps_.each_list([&](bool stale) {
      bool conflict = false;
      step("lists marks again", [&](Writer& writer, Store& store, State&) {
        conflict =
            !steps_.is(Fault::writer_checks_no_marks) && (store.marked(stale) & writer.used) != 0;
        writer.at = next;
        if (conflict) begin_again(writer);
        return true;
      });
      if (conflict && met_an_old_mark()) steps_.harm_of_last(Harm::needless_conflict);
    });
  }

  bool met_an_old_mark() const {
    const auto& marks = steps_.state().marks;
    return std::any_of(marks.begin(), marks.end(), [&](const State::Mark& mark) {
      return (mark.packs & now_.used) != 0 && mark.time + 1 < now_.session;
    });
  }

  void check_packs() {
    const auto next =
        steps_.is(Fault::writer_checks_packs_before_marks) ? WriterAt::check_marks : after_checks();
    step("lists packs again", [&](Writer& writer, Store& store, State&) {
      const bool conflict =
          !steps_.is(Fault::writer_checks_no_packs) && without(writer.used, store.packs()) != 0;
      writer.at = next;
      if (conflict) begin_again(writer);
      return true;
    });
  }

  void commit() {
    const auto announced = now_.commit_session;
    const bool late =
        announced != 0 && steps_.state().time + 1u - announced > steps_.setting().commit_limit;
    if (late && !steps_.is(Fault::writer_commits_late)) {
      return step("is too late to commit", [&](Writer& writer, Store&, State&) {
        writer.at = WriterAt::announce_commit;
        return true;
      });
    }
    step("puts the snapshot", [&](Writer& writer, Store& store, State&) {
      store.put_snapshot(2 + number_, steps_.setting().wanted[number_]);
      const bool left = steps_.is(Fault::writer_leaves_before_commit);
      writer = {WriterAt::remove_sessions, 0, 0, 0, 0, 0, writer.session, writer.commit_session};
      if (left) writer.at = WriterAt::done;
      return true;
    });
  }

  // Both in one step: one that is left holds a sweep back no more than two.
  void remove_sessions() {
    step("removes its sessions", [&](Writer& writer, Store&, State&) {
      writer.session = writer.commit_session = 0;
      writer.at = steps_.is(Fault::writer_leaves_before_commit) ? WriterAt::commit : WriterAt::done;
      return true;
    });
  }

  Steps& steps_;
  std::size_t number_;
  const Writer& now_;
};

} // namespace

void add_writer_steps(Steps& steps, std::size_t number) { WriterSteps(steps, number).add(); }

} // namespace intendance::backupd::gc_model
