// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/sockets.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(Sockstat, ReadsACapturedMachine) {
  const auto families = sockstat_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(families, "node_sockstat_sockets_used"), 13);
  EXPECT_EQ(sample(families, "node_sockstat_TCP_inuse"), 1);
  EXPECT_EQ(sample(families, "node_sockstat_TCP_alloc"), 1);
  EXPECT_EQ(sample(families, "node_sockstat_FRAG_memory"), 0);
  EXPECT_EQ(sample(families, "node_sockstat_FRAG_memory_bytes"), std::nullopt);
}

TEST(Sockstat, ShowsMemoryInPagesAndBytes) {
  const auto families = publish_sockstat(parse_sockstat("TCP: mem 3\nUDP: mem 2\n"), 4096);
  EXPECT_EQ(sample(families, "node_sockstat_TCP_mem"), 3);
  EXPECT_EQ(sample(families, "node_sockstat_TCP_mem_bytes"), 12288);
  EXPECT_EQ(sample(families, "node_sockstat_UDP_mem_bytes"), 8192);
}

TEST(Sockstat, RefusesGarbage) {
  EXPECT_TRUE(parse_sockstat("").empty());
  for (const char* text : {"\n", ":\n", "TCP inuse 1\n", "TCP: inuse\n", "TCP: inuse x\n",
                           "TCP: inuse 99999999999999999999\n"})
    EXPECT_THROW(parse_sockstat(text), core::CorruptData) << text;
}

TEST(Netstat, ReadsACapturedMachine) {
  const auto families = netstat_collector(captured_machine())->Collect();
  const std::pair<const char*, double> wanted[] = {
      {"Ip_Forwarding", 2},       {"Icmp_InMsgs", 1},       {"Tcp_ActiveOpens", 2524},
      {"Tcp_PassiveOpens", 1009}, {"Tcp_CurrEstab", 0},     {"Tcp_InSegs", 40010},
      {"Tcp_OutSegs", 37137},     {"Tcp_RetransSegs", 0},   {"Tcp_InErrs", 0},
      {"Tcp_OutRsts", 1740},      {"Udp_InDatagrams", 792}, {"Udp_OutDatagrams", 793},
      {"UdpLite_InErrors", 0},    {"TcpExt_ListenDrops", 0}};
  for (const auto& [name, value] : wanted)
    EXPECT_EQ(sample(families, std::string("node_netstat_") + name), value) << name;
  // A panel of dashboard 1860 asks for it; upstream leaves it out.
  EXPECT_EQ(sample(families, "node_netstat_Tcp_MaxConn"), -1);
  EXPECT_EQ(find_family(families, "node_netstat_Tcp_RtoMin"), nullptr);
  EXPECT_EQ(families[0].type, prometheus::MetricType::Untyped);
}

TEST(Netstat, TakesNegativeValues) {
  const auto fields = parse_netstat("Tcp: RtoMin InErrs\nTcp: -1 -2\n");
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].name, "Tcp_InErrs");
  EXPECT_EQ(fields[0].value, -2);
}

TEST(Netstat, RefusesGarbage) {
  EXPECT_TRUE(parse_netstat("").empty());
  for (const char* text :
       {"Tcp: A B\n", "Tcp: A B\nUdp: 1 2\n", "Tcp: A B\nTcp: 1\n", "Tcp: A\nTcp: x\n",
        "Tcp A\nTcp 1\n", "\n\n", "Tcp: A\nTcp: 99999999999999999999\n"})
    EXPECT_THROW(parse_netstat(text), core::CorruptData) << text;
}

} // namespace
} // namespace intendance::collectors
