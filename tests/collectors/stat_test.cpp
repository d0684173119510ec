// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/stat.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(Stat, ReadsACapturedMachine) {
  const auto stat = parse_stat(captured("stat"), 100);
  ASSERT_EQ(stat.cpus.size(), 2u);
  EXPECT_EQ(stat.cpus[1].cpu, "1");
  EXPECT_EQ(stat.cpus[1].seconds[user], 179.59);
  EXPECT_EQ(stat.cpus[1].seconds[idle], 1807.98);
  EXPECT_EQ(stat.cpus[1].seconds[steal], 0.20);
  EXPECT_EQ(stat.interrupts, 403033u);
  EXPECT_EQ(stat.context_switches, 662793u);
  EXPECT_EQ(stat.boot_time, 1795448039u);
  EXPECT_EQ(stat.forks, 11064u);
  EXPECT_EQ(stat.processes_running, 1u);
  EXPECT_EQ(stat.processes_blocked, 0u);
}

TEST(Stat, PublishesEveryModeOfEveryCpu) {
  const auto families = publish_cpu(parse_stat("cpu0 1 2 3 4 5 6 7 8 9 10\n", 100));
  const std::pair<const char*, double> modes[] = {
      {"user", 0.01},   {"nice", 0.02}, {"system", 0.03},  {"idle", 0.04},
      {"iowait", 0.05}, {"irq", 0.06},  {"softirq", 0.07}, {"steal", 0.08}};
  for (const auto& [mode, seconds] : modes)
    EXPECT_EQ(sample(families, "node_cpu_seconds_total", {{"cpu", "0"}, {"mode", mode}}), seconds);
  EXPECT_EQ(sample_count(families, "node_cpu_seconds_total"), 8u);
  EXPECT_EQ(sample(families, "node_cpu_guest_seconds_total", {{"cpu", "0"}, {"mode", "user"}}),
            0.09);
  EXPECT_EQ(sample(families, "node_cpu_guest_seconds_total", {{"cpu", "0"}, {"mode", "nice"}}),
            0.1);
}

TEST(Stat, PublishesOnlyWhatTheKernelSays) {
  const auto families = publish_stat(parse_stat("cpu0 1 2 3 4\nctxt 5\n", 100));
  EXPECT_EQ(sample(families, "node_context_switches_total"), 5);
  EXPECT_EQ(families.size(), 1u);
}

TEST(Stat, TakesTheColumnsOfOldAndNewKernels) {
  EXPECT_EQ(parse_stat("cpu0 1 2 3 4\n", 100).cpus[0].seconds[steal], 0);
  EXPECT_EQ(parse_stat("cpu12 1 2 3 4 5 6 7 8 9 10 11 12\nnews 3\n", 100).cpus[0].cpu, "12");
}

TEST(Stat, RefusesGarbage) {
  for (const char* text : {"", "\n", "intr 1\n", "cpu0 1 2\n", "cpu0 1 2 x 4\n", "cpu0 -1 2 3 4\n",
                           "cpu0 99999999999999999999999 2 3 4\n", "cpu0 1 2 3 4\nctxt\n",
                           "cpu0 1 2 3 4\nbtime 1.5\n"})
    EXPECT_THROW(parse_stat(text, 100), core::CorruptData) << text;
}

TEST(Stat, EveryCutIsReadOrRefused) {
  const auto whole = captured("stat");
  for (std::size_t kept = 0; kept < std::min<std::size_t>(whole.size(), 400); ++kept) {
    try {
      EXPECT_LE(parse_stat(whole.substr(0, kept), 100).cpus.size(), 2u);
    } catch (const core::CorruptData&) {
    }
  }
}

} // namespace
} // namespace intendance::collectors
