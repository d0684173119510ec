// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/progress_line.hpp"
#include "backupd/terminal.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace intendance::backupd {
namespace {

using core::Language;
using std::chrono::milliseconds;

constexpr std::uint64_t mebibyte = std::uint64_t{1} << 20, gibibyte = std::uint64_t{1} << 30;

WorkView reading() {
  WorkView view;
  view.phase = WorkPhase::reading;
  view.items = 120'204;
  view.bytes = 52 * gibibyte;
  view.new_bytes = 812 * mebibyte;
  view.total = {182'410, 61 * gibibyte + gibibyte / 5, true};
  view.path = "/srv/tei/corpus/lettre-0412.xml";
  return view;
}

Pace at(double mebibytes_per_second, double items_per_second = 0) {
  return {milliseconds(12'300), mebibytes_per_second * static_cast<double>(mebibyte),
          items_per_second};
}

TEST(ProgressLine, SaysEverythingWhereThereIsRoom) {
  EXPECT_EQ(render(reading(), at(214), 150, Language::english),
            "reading    120 204/~182 410 files  52.0/~61.2 GiB  new 812 MiB  "
            "━━━━━━━━━━━━━━━━╸───   84 %  214 MiB/s  ETA 45 s  /srv/tei/corpus/lettre-0412.xml");
  EXPECT_EQ(render(reading(), at(214), 150, Language::french),
            "lecture    120 204/~182 410 fichiers  52,0/~61,2 Gio  nouveau 812 Mio  "
            "━━━━━━━━━━━━━━━━╸───   84 %  214 Mio/s  reste 45 s  …tei/corpus/lettre-0412.xml");
}

TEST(ProgressLine, SaysLessWhereThereIsLittle) {
  const std::vector<std::pair<std::size_t, std::string>> expected = {
      {79, "reading    120 204 files  52.0/~61.2 GiB  ━━━━━━━╸─   84 %  214 MiB/s  ETA 45 s"},
      {70, "reading    120 204 files  52.0/~61.2 GiB   84 %  214 MiB/s  ETA 45 s"},
      {50, "reading    52.0 GiB   84 %  214 MiB/s  ETA 45 s"},
      {30, "reading    52.0 GiB   84 %"},
      {20, "reading     84 %"},
      {6, ""},
      {1, ""},
      {0, ""},
  };
  for (const auto& [columns, line] : expected) {
    EXPECT_EQ(render(reading(), at(214), columns, Language::english), line) << columns;
  }
}

// Whatever is asked for, no line is longer, nor torn in the midst of a character.
TEST(ProgressLine, IsNeverTooWide) {
  auto view = reading();
  view.path = "/srv/\xe6\x96\x87\xe6\x9b\xb8/e\xcc\x81/\xff\x1b[2J/" + std::string(300, 'x') + "文";
  for (const auto language : {Language::english, Language::french}) {
    for (std::size_t phase = 0; phase < work_phases; ++phase) {
      view.phase = static_cast<WorkPhase>(phase);
      for (std::size_t columns = 0; columns < 120; ++columns) {
        const auto line = render(view, at(214), columns, language);
        ASSERT_LE(columns_of(line), columns) << line;
        ASSERT_EQ(line.find_first_of("\x1b\xff"), std::string::npos) << line;
      }
    }
  }
}

TEST(ProgressLine, HasNoTotalWhereNoneIsKnown) {
  auto view = reading();
  view.total = {};
  view.new_bytes = 0;
  EXPECT_EQ(render(view, at(0.5), 79, Language::english),
            "reading    120 204 files  52.0 GiB  512 KiB/s  /srv/tei/corpus/lettre-0412.xml");
}

TEST(ProgressLine, ForgetsAnEstimateThatIsPassed) {
  auto view = reading();
  view.items = 182'411;
  EXPECT_EQ(render(view, at(214), 60, Language::english),
            "reading    182 411 files  52.0 GiB  new 812 MiB  214 MiB/s");
}

TEST(ProgressLine, CountsWithoutBytes) {
  WorkView view;
  view.phase = WorkPhase::checking;
  view.items = 3;
  view.total.items = 12;
  EXPECT_EQ(render(view, at(0, 0.1), 79, Language::english),
            "checking   3/12 snapshots  ━━━━━───────────────   25 %  ETA 2 min");
  view.phase = WorkPhase::listing;
  view.items = 1;
  view.total = {};
  EXPECT_EQ(render(view, {}, 79, Language::english), "listing    1 pack");
  view.items = 0;
  EXPECT_EQ(render(view, {}, 79, Language::english), "listing    0 packs");
  EXPECT_EQ(render(view, {}, 79, Language::french), "inventaire  0 paquet");
}

TEST(ProgressLine, ShowsTheTimeOfWhatIsNotCounted) {
  WorkView view;
  EXPECT_EQ(render(view, {milliseconds(8'200)}, 79, Language::english), "opening    9 s");
}

TEST(ProgressLine, EndsFull) {
  WorkView view;
  view.phase = WorkPhase::verifying;
  view.items = 40;
  view.bytes = 500;
  view.total = {40, 500};
  EXPECT_EQ(render(view, at(100), 60, Language::english),
            "verifying  40/40 packs  500/500 B  ━━━━━━━  100 %  100 MiB/s");
}

TEST(Columns, CountWhatATerminalShows) {
  EXPECT_EQ(columns_of("lettre"), 6u);
  EXPECT_EQ(columns_of("été"), 3u);
  EXPECT_EQ(columns_of("e\xcc\x81t\xcc\x81"), 2u); // accents of their own
  EXPECT_EQ(columns_of("文書"), 4u);
  EXPECT_EQ(columns_of("a\xffz"), 6u);
}

TEST(Columns, KeepTheEndOfAName) {
  EXPECT_EQ(last_columns("/srv/lettre", 11), "/srv/lettre");
  EXPECT_EQ(last_columns("/srv/lettre", 7), "…lettre");
  EXPECT_EQ(last_columns("/文書", 5), "/文書");
  EXPECT_EQ(last_columns("/文書", 4), "…書"); // a half is none
  EXPECT_EQ(last_columns("xe\xcc\x81z", 2), "…z");
  EXPECT_EQ(last_columns("xyz", 1), "");
  EXPECT_EQ(last_columns("xyz", 0), "");
}

TEST(Columns, ShowNothingRaw) {
  EXPECT_EQ(last_columns("a\x1b\xc2\x9b\xe2\x80\xae\xff", 99),
            "a\\x1b\\xc2\\x9b\\xe2\\x80\\xae\\xff");
}

PaceMeter::Time second(double number) {
  return PaceMeter::Time() + std::chrono::duration_cast<PaceMeter::Time::duration>(
                                 std::chrono::duration<double>(number));
}

TEST(PaceMeter, MeasuresTheLastSeconds) {
  PaceMeter meter;
  WorkView view;
  view.phase = WorkPhase::reading;
  EXPECT_EQ(meter.measure(view, second(0)).bytes_per_second, 0);
  view.bytes = 1000;
  EXPECT_EQ(meter.measure(view, second(0.25)).bytes_per_second, 0); // too early to say
  EXPECT_EQ(meter.measure(view, second(1)).bytes_per_second, 1000);
  for (int each = 2; each <= 30; ++each) {
    view.bytes += 10;
    view.items += 2;
    const auto pace = meter.measure(view, second(each));
    if (each < 15) continue;
    EXPECT_DOUBLE_EQ(pace.bytes_per_second, 10);
    EXPECT_DOUBLE_EQ(pace.items_per_second, 2);
    EXPECT_EQ(pace.in_phase, std::chrono::seconds(each));
  }
}

TEST(PaceMeter, BeginsAnewWithAPhase) {
  PaceMeter meter;
  WorkView view;
  view.bytes = 1000;
  meter.measure(view, second(0));
  view.bytes = 2000;
  EXPECT_EQ(meter.measure(view, second(1)).bytes_per_second, 1000);
  view.phase = WorkPhase::storing;
  view.bytes = 5000;
  EXPECT_EQ(meter.measure(view, second(2)).bytes_per_second, 0);
  view.bytes = 5; // the same phase again
  EXPECT_EQ(meter.measure(view, second(3)).in_phase, milliseconds(0));
}

TEST(WorkCounters, CountPhaseByPhase) {
  WorkCounters work;
  EXPECT_EQ(work.look().phase, WorkPhase::opening);
  work.begin(WorkPhase::verifying, {3, 700});
  work.add_item();
  work.add_bytes(300);
  auto view = work.look();
  EXPECT_EQ(std::tuple(view.items, view.bytes, view.total.items, view.total.bytes),
            std::tuple(1u, 300u, 3u, 700u));
  work.begin(WorkPhase::checking);
  EXPECT_EQ(work.look().bytes, 0u);
  work.begin(WorkPhase::verifying);
  EXPECT_EQ(work.look().total.bytes, 0u);
}

TEST(WorkCounters, SayAPathWhenSomebodyLooks) {
  WorkCounters work;
  work.look_at("nobody looks");
  EXPECT_EQ(work.look().path, "");
  work.look_at("first");
  work.look_at("second, before the first was taken");
  EXPECT_EQ(work.look().path, "first");
  EXPECT_EQ(work.look().path, "first");
  work.look_at("third");
  EXPECT_EQ(work.look().path, "third");
}

// For the thread sanitizer, and for torn paths.
TEST(WorkCounters, AreSeenWhileOthersCount) {
  WorkCounters work;
  constexpr int each_counts = 20'000;
  work.begin(WorkPhase::restoring);
  std::vector<std::jthread> threads;
  for (const char letter : {'a', 'b', 'c'}) {
    threads.emplace_back([&work, letter] {
      for (int each = 0; each < each_counts; ++each) {
        work.add_item();
        work.look_at(std::string(100, letter));
      }
    });
  }
  for (std::uint64_t items = 0; items < 3 * each_counts;) {
    const auto view = work.look();
    EXPECT_GE(view.items, items);
    items = view.items;
    if (view.path.empty()) continue;
    EXPECT_EQ(view.path, std::string(100, view.path.front()));
  }
}

} // namespace
} // namespace intendance::backupd
