// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/softnet.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(Softnet, ReadsACapturedMachine) {
  const auto families = softnet_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(families, "node_softnet_processed_total", {{"cpu", "0"}}), 0x00189b7c);
  EXPECT_EQ(sample(families, "node_softnet_times_squeezed_total", {{"cpu", "0"}}), 7);
  EXPECT_EQ(sample(families, "node_softnet_times_squeezed_total", {{"cpu", "1"}}), 3);
  for (const char* name : {"dropped_total", "cpu_collision_total", "received_rps_total",
                           "flow_limit_count_total", "backlog_len"})
    EXPECT_EQ(sample(families, std::string("node_softnet_") + name, {{"cpu", "1"}}), 0) << name;
}

TEST(Softnet, EachColumnHasItsName) {
  const auto families =
      publish_softnet(parse_softnet("1 2 3 0 0 0 0 0 9 a b c d\n" // d: the processor's number
                                    "ffffffff 0 0 0 0 0 0 0 0 0 0 0 e 0 0\n"));
  const std::map<std::string, double> expected = {
      {"processed_total", 1},     {"dropped_total", 2},       {"times_squeezed_total", 3},
      {"cpu_collision_total", 9}, {"received_rps_total", 10}, {"flow_limit_count_total", 11},
      {"backlog_len", 12}};
  for (const auto& [name, value] : expected)
    EXPECT_EQ(sample(families, "node_softnet_" + name, {{"cpu", "13"}}), value) << name;
  EXPECT_EQ(sample(families, "node_softnet_processed_total", {{"cpu", "14"}}), 4294967295.0);
}

TEST(Softnet, AnOldKernelHasFewerColumns) {
  const auto families = publish_softnet(parse_softnet("1 2 3\n4 5 6\n"));
  EXPECT_EQ(sample(families, "node_softnet_processed_total", {{"cpu", "1"}}), 4);
  EXPECT_EQ(sample_count(families, "node_softnet_received_rps_total"), 0u);
  EXPECT_EQ(sample_count(families, "node_softnet_backlog_len"), 0u);
}

TEST(Softnet, RefusesGarbage) {
  EXPECT_TRUE(parse_softnet("").empty());
  for (const char* text : {"1 2\n", "1 2 x\n", "-1 2 3\n", "\n", "11112222333344445 1 2\n"})
    EXPECT_THROW(parse_softnet(text), core::CorruptData) << text;
}

} // namespace
} // namespace intendance::collectors
