// SPDX-License-Identifier: AGPL-3.0-or-later
// Visits every state of the model of docs/garbage-collection.md, breadth first: the protocol does
// no harm in any of them, and without any one of its rules harm is found.
#include "tests/backupd/gc_model.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <deque>
#include <ostream>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <unordered_set>

namespace intendance::backupd::gc_model {
namespace {

static_assert(std::has_unique_object_representations_v<State>);

// States are remembered by 64 bits of them; the chance that two of some million share them is one
// in a million.
std::uint64_t digest(const State& state) {
  std::array<std::uint64_t, sizeof(State) / 8 + 1> words{};
  std::memcpy(words.data(), &state, sizeof(State));
  std::uint64_t hash = 0x9e3779b97f4a7c15;
  for (const auto word : words) {
    hash = (hash ^ word) * 0xbf58476d1ce4e5b9;
    hash ^= hash >> 31;
    hash *= 0x94d049bb133111eb;
    hash ^= hash >> 29;
  }
  return hash != 0 ? hash : 1;
}

// Where each state came from, by open addressing.
class Visited {
public:
  Visited() : entries_(std::size_t{1} << 16) {}

  // False when it was there already.
  bool add(std::uint64_t state, std::uint64_t from, std::uint16_t step) {
    if (count_ * 2 > entries_.size()) grow();
    auto& entry = find(state);
    if (entry.state == state) return false;
    entry = {state, from, step};
    ++count_;
    return true;
  }
  std::pair<std::uint64_t, std::uint16_t> origin(std::uint64_t state) {
    const auto& entry = find(state);
    return {entry.from, entry.step};
  }
  std::size_t count() const { return count_; }

private:
  struct Entry {
    std::uint64_t state = 0, from = 0;
    std::uint16_t step = 0;
  };

  Entry& find(std::uint64_t state) {
    const auto mask = entries_.size() - 1;
    auto at = state & mask;
    while (entries_[at].state != 0 && entries_[at].state != state) at = (at + 1) & mask;
    return entries_[at];
  }
  void grow() {
    std::vector<Entry> old(entries_.size() * 2);
    old.swap(entries_);
    for (const auto& entry : old) {
      if (entry.state != 0) find(entry.state) = entry;
    }
  }

  std::vector<Entry> entries_;
  std::size_t count_ = 0;
};

constexpr std::size_t most_states = 3'000'000;

struct Result {
  Harm harm = Harm::none;
  std::string story;   // the shortest way to the harm
  std::string garbage; // that a prune would leave for ever
  bool is_complete = false;
  std::size_t states = 0;
  std::size_t quiet = 0;     // stores that nobody works on
  std::size_t undecided = 0; // of these, for want of slots
};

class Explorer {
public:
  explicit Explorer(const Setting& setting) : setting_(setting) {}

  // Until harm is done, or everything was seen, or more than a test should take.
  Result explore() {
    const auto first = initial_state(setting_);
    visited_.add(digest(first), 0, 0);
    waiting_.push_back(first);
    while (!waiting_.empty() && visited_.count() < most_states && result_.harm == Harm::none) {
      const auto state = waiting_.front();
      waiting_.pop_front();
      if (is_quiet(setting_, state)) look_for_garbage(state);
      visit(state);
    }
    result_.is_complete = waiting_.empty();
    result_.states = visited_.count();
    return std::move(result_);
  }

private:
  void visit(const State& state) {
    steps_.clear();
    add_steps(setting_, state, steps_);
    const auto from = digest(state);
    for (std::size_t each = 0; each < steps_.size(); ++each) {
      const auto& next = steps_[each];
      const auto name = digest(next.state);
      if (next.harm == Harm::none && !visited_.add(name, from, static_cast<std::uint16_t>(each))) {
        continue;
      }
      const auto harm = next.harm != Harm::none ? next.harm : harm_in(setting_, next.state);
      if (harm != Harm::none) {
        result_.harm = harm;
        result_.story = story_of(from) + line_of(next);
        return;
      }
      waiting_.push_back(next.state);
    }
  }

  void look_for_garbage(State state) {
    for (auto& writer : state.writers) { // of whom only sessions are left, if they crashed
      writer = {WriterAt::done, 0, 0, 0, 0, 0, writer.session, writer.commit_session};
    }
    if (!quiet_.insert(digest(state)).second) return;
    ++result_.quiet;
    const auto garbage = garbage_after_pruning(setting_, state);
    if (!garbage) ++result_.undecided;
    if (garbage.value_or("") != "") result_.garbage = *garbage + ": " + describe(setting_, state);
  }

  std::string line_of(const Next& next) const {
    const auto who = next.who == 0xff           ? std::string()
                     : next.who >= most_writers ? fmt::format("pruner {} ", next.who - most_writers)
                                                : fmt::format("writer {} ", next.who);
    return fmt::format("  {}{}\n      {}\n", who, next.step, describe(setting_, next.state));
  }

  // Steps are found again by their number.
  std::string story_of(std::uint64_t state) {
    std::vector<std::uint16_t> numbers;
    for (auto [from, step] = visited_.origin(state); from != 0;
         std::tie(from, step) = visited_.origin(from)) {
      numbers.push_back(step);
    }
    std::string story = "\n";
    auto now = initial_state(setting_);
    for (auto number = numbers.rbegin(); number != numbers.rend(); ++number) {
      std::vector<Next> next;
      add_steps(setting_, now, next);
      story += line_of(next.at(*number));
      now = next.at(*number).state;
    }
    return story;
  }

  Setting setting_;
  Visited visited_;
  std::deque<State> waiting_;
  std::vector<Next> steps_;
  std::unordered_set<std::uint64_t> quiet_;
  Result result_;
};

Result explore(const Setting& setting) { return Explorer(setting).explore(); }

// --- settings
// -------------------------------------------------------------------------------------

// A snapshot of two chunks and one of one; between the two, a pack is half dead.
Setting one_of_each() {
  Setting setting;
  setting.wanted = {1, 3};
  setting.packs = {3, 0};
  setting.snapshots = {3, 1};
  return setting;
}

// One chunk, so that more can happen to it. Whoever stops for ever has crashed, so that crashes
// show no more harm.
Setting one_chunk() {
  Setting setting;
  setting.wanted = {1, 1};
  setting.packs = {1, 0};
  setting.snapshots = {1, 0};
  setting.copies = 1;
  setting.crashes = 0;
  return setting;
}

struct Case {
  const char* name;
  Setting setting;
};

void PrintTo(const Case& each, std::ostream* out) { *out << each.name; }

std::vector<Case> cases() {
  std::vector<Case> all;
  const auto add = [&](const char* name, Setting setting, auto change) -> Setting& {
    change(setting);
    return all.emplace_back(Case{name, setting}).setting;
  };
  add("OneOfEach", one_of_each(), [](Setting& each) { each.crashes = 1; });
  add("TidyIndexes", one_of_each(), [](Setting& each) {
    each.marks = 1;
    each.crashes = 0;
    each.session_life = 9;
    each.expect_tidy_indexes = true;
  });
  add("LongTime", one_chunk(), [](Setting& each) {
    each.hasty = true;
    each.last_tick = 4;
    each.marks = 1;
  });
  add("TwoWriters", one_chunk(), [](Setting& each) {
    each.writers = 2;
    each.marks = 1;
  });
  add("TwoHastyWriters", one_chunk(), [](Setting& each) {
    each.writers = 2;
    each.hasty = true;
    each.marks = 1;
  });
  add("TwoPruners", one_chunk(), [](Setting& each) {
    each.writers = 0;
    each.pruners = 2;
    each.hasty = true;
    each.packs = {1, 1};
  });
  add("TwoPrunersAndAWriter", one_chunk(), [](Setting& each) {
    each.pruners = 2;
    each.hasty = true;
    each.last_tick = 1;
    each.forgets = false;
  });
  add("TwoOfEach", one_chunk(), [](Setting& each) {
    each.writers = each.pruners = 2;
    each.last_tick = 1;
    each.marks = 1;
    each.forgets = false;
  });
  add("TwoHastyOfEach", one_chunk(), [](Setting& each) {
    each.writers = each.pruners = 2;
    each.hasty = true;
    each.last_tick = 1;
    each.marks = 1;
    each.copies = 2;
    each.forgets = false;
  });
  add("ListsThatLag", one_chunk(), [](Setting& each) {
    each.hasty = true;
    each.lag = 1;
    each.commit_limit = 1;
    each.grace = 2;
    each.session_life = 2;
    each.last_tick = 4;
    each.copies = 2;
  });
  return all;
}

Setting setting_named(const std::string& name) {
  for (const auto& each : cases()) {
    if (each.name == name) return each.setting;
  }
  throw std::out_of_range(name);
}

// --- tests
// ----------------------------------------------------------------------------------------

class GarbageCollectionModel : public ::testing::TestWithParam<Case> {};

TEST_P(GarbageCollectionModel, DoesNoHarmAndLeavesNoGarbage) {
  const auto result = explore(GetParam().setting);
  EXPECT_EQ(result.harm, Harm::none) << result.story;
  EXPECT_EQ(result.garbage, "");
  EXPECT_TRUE(result.is_complete);
  EXPECT_GT(result.states, 10'000u);
  EXPECT_GT(result.quiet, 20u);
  EXPECT_LT(result.undecided, result.quiet / 10);
  RecordProperty("states", static_cast<int>(result.states));
}

INSTANTIATE_TEST_SUITE_P(Settings, GarbageCollectionModel, ::testing::ValuesIn(cases()),
                         [](const auto& each) { return std::string(each.param.name); });

struct Mutation {
  Fault fault;
  const char* setting;
  Harm harm; // that is found first
};

void PrintTo(const Mutation& each, std::ostream* out) { *out << name_of(each.fault); }

class BrokenProtocol : public ::testing::TestWithParam<Mutation> {};

TEST_P(BrokenProtocol, IsFound) {
  auto setting = setting_named(GetParam().setting);
  ASSERT_EQ(setting.fault, Fault::none);
  setting.fault = GetParam().fault;
  const auto result = explore(setting);
  EXPECT_EQ(result.harm, GetParam().harm) << result.story;
}

INSTANTIATE_TEST_SUITE_P(
    Rules, BrokenProtocol,
    ::testing::Values(
        Mutation{Fault::writer_ignores_first_marks, "OneOfEach", Harm::needless_conflict},
        Mutation{Fault::writer_announces_no_commit, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::writer_checks_no_marks, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::writer_checks_no_packs, "LongTime", Harm::lost_chunk},
        Mutation{Fault::writer_checks_packs_before_marks, "LongTime", Harm::lost_chunk},
        Mutation{Fault::writer_commits_late, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::writer_leaves_before_commit, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::prune_marks_young_packs, "OneOfEach", Harm::young_pack_marked},
        Mutation{Fault::sweep_ignores_sessions, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::sweep_ignores_sessions_as_old_as_the_mark, "LongTime",
                 Harm::unfindable_chunk},
        Mutation{Fault::sweep_ignores_grace, "ListsThatLag", Harm::unfindable_chunk},
        Mutation{Fault::sweep_trusts_the_mark, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::sweep_reads_snapshots_before_sessions, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::sweep_counts_marked_copies, "TwoPruners", Harm::unfindable_chunk},
        Mutation{Fault::sweep_takes_packs_out_of_marks, "TwoPruners", Harm::unfindable_chunk},
        Mutation{Fault::sweep_removes_mark_first, "LongTime", Harm::unfindable_chunk},
        Mutation{Fault::sweep_removes_indexes_before_the_new_one, "TwoPruners",
                 Harm::unfindable_chunk},
        Mutation{Fault::sweep_removes_packs_before_indexes, "TidyIndexes", Harm::dangling_index},
        Mutation{Fault::sweep_removes_packs_before_copies_are_indexed, "LongTime",
                 Harm::unfindable_chunk},
        Mutation{Fault::names_are_used_again, "TwoPruners", Harm::unfindable_chunk}),
    [](const auto& each) { return name_of(each.param.fault); });

// What the grace period is for: a store whose lists are at once right needs none, as all settings
// but one show; where they lag, it has to be longer than a commit and the lag together.
TEST(GracePeriod, HasToCoverTheLagOfLists) {
  auto setting = setting_named("ListsThatLag");
  setting.grace = 1;
  EXPECT_EQ(explore(setting).harm, Harm::unfindable_chunk);
}

TEST(GarbageCollectionLiveness, SessionsThatNeverEndKeepGarbageForEver) {
  auto setting = setting_named("OneOfEach");
  setting.marks = 1;
  setting.fault = Fault::sessions_count_for_ever;
  const auto result = explore(setting);
  EXPECT_EQ(result.harm, Harm::none) << result.story;
  EXPECT_NE(result.garbage, "");
}

} // namespace
} // namespace intendance::backupd::gc_model
