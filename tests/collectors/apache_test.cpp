// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/apache.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(ApacheStatus, IsReadAsApacheWritesIt) {
  const auto families =
      parse_apache_status(recorded_answer("apache-2.4.71_server-status-auto.txt"));
  EXPECT_EQ(single_value(families, "apache_accesses_total"), 1);
  EXPECT_EQ(single_value(families, "apache_sent_kilobytes_total"), 1);
  EXPECT_EQ(single_value(families, "apache_uptime_seconds_total"), 557);
  EXPECT_EQ(single_value(families, "apache_cpuload"), .005386);
  EXPECT_EQ(sample(families, "apache_workers", {{"state", "busy"}}), 1);
  EXPECT_EQ(sample(families, "apache_workers", {{"state", "idle"}}), 74);
  EXPECT_EQ(sample(families, "apache_scoreboard", {{"state", "reply"}}), 1);
  EXPECT_EQ(sample(families, "apache_scoreboard", {{"state", "idle"}}), 74);
  EXPECT_EQ(sample(families, "apache_scoreboard", {{"state", "open_slot"}}), 325);
  EXPECT_EQ(sample(families, "apache_scoreboard", {{"state", "dns"}}), 0);
  EXPECT_EQ(sample(families, "apache_connections", {{"state", "total"}}), 0);
  EXPECT_EQ(sample(families, "apache_processes", {{"state", "all"}}), 3);
  EXPECT_EQ(sample(families, "apache_load", {{"interval", "5min"}}), 2.15);
  EXPECT_EQ(sample(families, "apache_cpu_time_ms_total", {{"type", "user"}}), 10);
  EXPECT_EQ(sample(families, "apache_cpu_time_ms_total", {{"type", "system"}}), 20);
  EXPECT_EQ(
      sample(families, "apache_info", {{"version", "Apache/2.4.71 (Debian)"}, {"mpm", "event"}}),
      1);
}

// Without ExtendedStatus there are no requests, and the MPM prefork has no connections.
TEST(ApacheStatus, WhatIsNotThereIsNotShown) {
  const auto families = parse_apache_status("Uptime: 5\r\nScoreboard: _W.\r\n");
  EXPECT_EQ(single_value(families, "apache_uptime_seconds_total"), 5);
  EXPECT_EQ(sample_count(families, "apache_accesses_total"), 0u);
  EXPECT_EQ(sample_count(families, "apache_connections"), 0u);
  EXPECT_EQ(sample_count(families, "apache_cpu_time_ms_total"), 0u);
}

TEST(ApacheStatus, AnythingElseIsRefused) {
  EXPECT_THROW(parse_apache_status(""), core::CorruptData);
  EXPECT_THROW(parse_apache_status("<html><h1>Apache Server Status</h1>"), core::CorruptData);
  EXPECT_THROW(parse_apache_status("Uptime: soon\nScoreboard: _\n"), core::CorruptData);
}

} // namespace
} // namespace intendance::collectors
