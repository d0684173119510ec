// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/load.hpp"
#include "collectors/host/system.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

#include <cstring>

namespace intendance::collectors {
namespace {

TEST(Loadavg, ReadsACapturedMachine) {
  const auto families = publish_loadavg(parse_loadavg(captured("loadavg")));
  EXPECT_EQ(sample(families, "node_load1"), 1.95);
  EXPECT_EQ(sample(families, "node_load5"), 1.36);
  EXPECT_EQ(sample(families, "node_load15"), 0.62);
}

TEST(Loadavg, RefusesGarbage) {
  for (const char* text : {"", "1.0 2.0", "a b c", "1.0 2.0 nan", "1e999 1 1", "1,0 2,0 3,0"})
    EXPECT_THROW(parse_loadavg(text), core::CorruptData) << text;
}

TEST(Pressure, ReadsACapturedMachine) {
  const auto families = pressure_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(families, "node_pressure_cpu_waiting_seconds_total"), 95.964850);
  EXPECT_EQ(sample(families, "node_pressure_io_waiting_seconds_total"), 6.871098);
  EXPECT_EQ(sample(families, "node_pressure_io_stalled_seconds_total"), 6.181754);
  EXPECT_EQ(sample(families, "node_pressure_memory_waiting_seconds_total"), 0);
  EXPECT_EQ(sample(families, "node_pressure_memory_stalled_seconds_total"), 0);
  EXPECT_EQ(families.size(), 5u); // this kernel has no irq
}

TEST(Pressure, IsNoErrorWhereTheKernelHasNone) {
  const core::TemporaryDirectory empty;
  EXPECT_TRUE(pressure_collector({empty.path(), empty.path()})->Collect().empty());
}

TEST(Pressure, RefusesGarbage) {
  EXPECT_EQ(parse_pressure("").some, std::nullopt);
  EXPECT_EQ(parse_pressure("else avg10=1\n").some, std::nullopt);
  EXPECT_EQ(parse_pressure("full avg10=0.00 total=7\n").full, 7u);
  for (const char* text : {"some avg10=0.00\n", "some total=\n", "some total=x\n",
                           "some total=-1\n", "full total=99999999999999999999\n"})
    EXPECT_THROW(parse_pressure(text), core::CorruptData) << text;
}

TEST(Uname, GivesTheDashboardsItsNodename) {
  utsname names{};
  std::strcpy(names.sysname, "Linux");
  std::strcpy(names.nodename, "web-1");
  std::strcpy(names.release, "6.1.0");
  std::strcpy(names.version, "#1 SMP");
  std::strcpy(names.machine, "x86_64");
  std::strcpy(names.domainname, "(none)");
  EXPECT_EQ(sample(publish_uname(names), "node_uname_info",
                   {{"sysname", "Linux"},
                    {"nodename", "web-1"},
                    {"release", "6.1.0"},
                    {"version", "#1 SMP"},
                    {"machine", "x86_64"},
                    {"domainname", "(none)"}}),
            1);
}

TEST(Time, IsTheClocks) {
  const core::ManualClock clock(core::parse_utc("2026-11-23T13:12:00Z"));
  EXPECT_EQ(sample(time_collector(clock)->Collect(), "node_time_seconds"), 1795439520);
}

} // namespace
} // namespace intendance::collectors
