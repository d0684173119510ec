// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/timex.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(Timex, TurnsTheKernelsUnitsIntoSeconds) {
  timex clock{};
  clock.status = STA_PLL | STA_NANO;
  clock.offset = -1'500'000;
  clock.jitter = 2'000;
  clock.freq = 65536 * 20; // 20 millionths
  clock.ppsfreq = -65536 * 5;
  clock.maxerror = 3'000;
  clock.esterror = 1'000;
  clock.tick = 10'000;
  clock.tai = 37;
  clock.constant = 7;
  clock.jitcnt = 11;
  clock.stbcnt = 12;
  const auto families = publish_timex(clock, TIME_OK);
  const std::map<std::string, double> expected = {{"sync_status", 1},
                                                  {"status", STA_PLL | STA_NANO},
                                                  {"offset_seconds", -0.0015},
                                                  {"pps_jitter_seconds", 2e-6},
                                                  {"frequency_adjustment_ratio", 1.00002},
                                                  {"pps_frequency_hertz", -5e-6},
                                                  {"maxerror_seconds", 0.003},
                                                  {"estimated_error_seconds", 0.001},
                                                  {"tick_seconds", 0.01},
                                                  {"tai_offset_seconds", 37},
                                                  {"loop_time_constant", 7},
                                                  {"pps_jitter_total", 11},
                                                  {"pps_calibration_total", 0},
                                                  {"pps_error_total", 0},
                                                  {"pps_stability_exceeded_total", 12},
                                                  {"pps_stability_hertz", 0},
                                                  {"pps_shift_seconds", 0}};
  for (const auto& [name, value] : expected)
    EXPECT_DOUBLE_EQ(sample(families, "node_timex_" + name).value_or(-1), value) << name;
  EXPECT_EQ(families.size(), expected.size());
}

TEST(Timex, WithoutNanosecondsItCountsMicroseconds) {
  timex clock{};
  clock.offset = 1'500'000;
  const auto families = publish_timex(clock, TIME_ERROR);
  EXPECT_EQ(sample(families, "node_timex_offset_seconds"), 1.5);
  EXPECT_EQ(sample(families, "node_timex_sync_status"), 0);
}

TEST(Timex, AsksThisMachine) {
  const auto families = timex_collector()->Collect();
  if (families.empty()) GTEST_SKIP() << "this sandbox forbids adjtimex";
  EXPECT_NEAR(sample(families, "node_timex_frequency_adjustment_ratio").value_or(0), 1, 0.001);
}

} // namespace
} // namespace intendance::collectors
