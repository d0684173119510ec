// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/connections.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(TcpStates, ReadsACapturedMachine) {
  const auto families = tcp_states_collector(captured_machine())->Collect();
  const std::map<std::string, double> expected = {{"established", 4},    {"listen", 3},
                                                  {"time_wait", 1},      {"close_wait", 1},
                                                  {"fin_wait1", 1},      {"rx_queued_bytes", 1001},
                                                  {"tx_queued_bytes", 1}};
  for (const auto& [state, count] : expected)
    EXPECT_EQ(sample(families, "node_tcp_connection_states", {{"state", state}}), count) << state;
  EXPECT_EQ(sample_count(families, "node_tcp_connection_states"), expected.size());
}

TEST(TcpStates, StatesThatNobodyKnowsAreUnknown) {
  const auto families = publish_tcp_states(
      parse_socket_table("h\n0: a b FF 0:0 x\n1: a b 00 0:0\n2: a b 0B 1:2 x\n"), std::nullopt);
  EXPECT_EQ(sample(families, "node_tcp_connection_states", {{"state", "unknown"}}), 2);
  EXPECT_EQ(sample(families, "node_tcp_connection_states", {{"state", "closing"}}), 1);
}

TEST(TcpStates, AMachineWithoutConnectionsHasNoSample) {
  EXPECT_EQ(sample_count(publish_tcp_states({}, std::nullopt), "node_tcp_connection_states"), 0u);
}

TEST(UdpQueues, ReadsACapturedMachine) {
  const auto families = udp_queues_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(families, "node_udp_queues", {{"queue", "rx"}, {"ip", "v4"}}), 0x340);
  EXPECT_EQ(sample(families, "node_udp_queues", {{"queue", "tx"}, {"ip", "v4"}}), 0);
  EXPECT_EQ(sample(families, "node_udp_queues", {{"queue", "rx"}, {"ip", "v6"}}), 0);
  EXPECT_EQ(sample_count(families, "node_udp_queues"), 4u);
  // Without IPv6 nothing is said of it.
  EXPECT_EQ(sample_count(publish_udp_queues(SocketTable{}, std::nullopt), "node_udp_queues"), 2u);
}

TEST(SocketTable, RefusesGarbage) {
  EXPECT_TRUE(parse_socket_table("").states.empty());
  EXPECT_TRUE(parse_socket_table("only headings\n\n").states.empty());
  for (const char* line :
       {"0: a b 0A", "0: a b 0A 00", "0: a b zz 0:0", "0: a b 0A 0:", "0: a b 0A g:0"})
    EXPECT_THROW(parse_socket_table(std::string("h\n") + line), core::CorruptData) << line;
}

TEST(Arp, CountsByDevice) {
  EXPECT_EQ(sample(arp_collector(captured_machine())->Collect(), "node_arp_entries",
                   {{"device", "eth0"}}),
            1);
  const auto entries = parse_arp("IP address HW type Flags HW address Mask Device\n"
                                 "192.0.2.1 0x1 0x2 02:fc:00:00:00:05 * eth0\n"
                                 "192.0.2.2 0x1 0x0 00:00:00:00:00:00 * eth0\n"
                                 "192.0.2.3 0x1 0x2 02:fc:00:00:00:06 * br-1\n");
  EXPECT_EQ(entries, (std::map<std::string, std::uint64_t>{{"br-1", 1}, {"eth0", 2}}));
  EXPECT_THROW(parse_arp("h\n192.0.2.1 0x1 0x2\n"), core::CorruptData);
}

} // namespace
} // namespace intendance::collectors
