// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/processor.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

double interrupts_of(const Families& families, const std::map<std::string, std::string>& labels) {
  return sample(families, "node_interrupts_total", labels).value_or(-1);
}

TEST(Interrupts, ReadsACapturedMachine) {
  const auto families = interrupts_collector(captured_machine())->Collect();
  EXPECT_EQ(interrupts_of(families, {{"cpu", "1"},
                                     {"type", "36"},
                                     {"info", "PCI-MSIX-0000:00:02.0"},
                                     {"devices", "1-edge virtio1-req.0"}}),
            10395732);
  EXPECT_EQ(
      interrupts_of(
          families,
          {{"cpu", "0"}, {"type", "LOC"}, {"info", "Local timer interrupts"}, {"devices", ""}}),
      9986289);
  // 19 numbered ones and 13 with words, on 2 processors; ERR and MIS have no processor.
  EXPECT_EQ(sample_count(families, "node_interrupts_total"), 2u * (19 + 13));
}

TEST(Interrupts, ProcessorsHaveTheirNumbersWhenSomeAreOffline) {
  const auto families = publish_interrupts(parse_interrupts("      CPU0  CPU2\n"
                                                            "  7:  1  2  GICv3 27 Level timer\n"
                                                            "IPI0:3 4 Rescheduling interrupts\n"
                                                            "ERR: 5\n"));
  EXPECT_EQ(interrupts_of(
                families,
                {{"cpu", "2"}, {"type", "7"}, {"info", "GICv3"}, {"devices", "27 Level timer"}}),
            2);
  EXPECT_EQ(
      interrupts_of(
          families,
          {{"cpu", "0"}, {"type", "IPI0"}, {"info", "Rescheduling interrupts"}, {"devices", ""}}),
      3);
  EXPECT_EQ(sample_count(families, "node_interrupts_total"), 4u);
}

TEST(Interrupts, WithOneProcessorErrorsAreNoInterrupts) {
  EXPECT_TRUE(parse_interrupts("CPU0\nERR: 5\nMIS: 0\n").empty());
}

TEST(Interrupts, RefusesGarbage) {
  EXPECT_THROW(parse_interrupts(""), core::CorruptData);
  EXPECT_THROW(parse_interrupts("\n"), core::CorruptData);
  EXPECT_THROW(parse_interrupts("CPU0 eth0\n"), core::CorruptData);
  EXPECT_THROW(parse_interrupts("CPU0\n1: 99999999999999999999 x\n"), core::CorruptData);
}

// The layout is that of the kernel's own description, scheduler/sched-stats; the kernel of the
// fixtures was built without it.
constexpr const char* schedule = "version 15\n"
                                 "timestamp 4300445966\n"
                                 "cpu0 0 0 0 0 0 0 2045936778163039 343796328169361 4767485306\n"
                                 "domain0 00000003 212499 1 2 3 4\n"
                                 "cpu1 0 0 0 0 0 0 1904686152592476 364107263788241 5145567945\n";

TEST(Schedstat, HasSecondsOfEachProcessor) {
  const auto families = publish_schedstat(parse_schedstat(schedule));
  EXPECT_EQ(sample(families, "node_schedstat_running_seconds_total", {{"cpu", "0"}}),
            2045936.778163039);
  EXPECT_EQ(sample(families, "node_schedstat_waiting_seconds_total", {{"cpu", "1"}}),
            364107.263788241);
  EXPECT_EQ(sample(families, "node_schedstat_timeslices_total", {{"cpu", "1"}}), 5145567945.0);
  EXPECT_EQ(sample_count(families, "node_schedstat_timeslices_total"), 2u);
}

TEST(Schedstat, RefusesWhatIsCut) {
  EXPECT_TRUE(parse_schedstat("").empty());
  EXPECT_THROW(parse_schedstat("cpu0 0 0 0 0 0 0 1 2\n"), core::CorruptData);
  EXPECT_THROW(parse_schedstat("cpu0 0 0 0 0 0 0 1 2 -3\n"), core::CorruptData);
  EXPECT_TRUE(schedstat_collector(captured_machine())->Collect().empty());
}

} // namespace
} // namespace intendance::collectors
