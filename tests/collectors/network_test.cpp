// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/network.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(NetDev, ReadsACapturedMachine) {
  const auto families = netdev_collector(captured_machine())->Collect();
  const std::map<std::string, std::string> eth0 = {{"device", "eth0"}};
  EXPECT_EQ(sample(families, "node_network_receive_bytes_total", eth0), 287347286);
  EXPECT_EQ(sample(families, "node_network_receive_packets_total", eth0), 6143);
  EXPECT_EQ(sample(families, "node_network_transmit_bytes_total", eth0), 263111);
  EXPECT_EQ(sample(families, "node_network_transmit_packets_total", eth0), 3276);
  EXPECT_EQ(sample(families, "node_network_receive_nohandler_total", eth0), 0);
  EXPECT_EQ(sample_count(families, "node_network_receive_bytes_total"), 4u);
}

TEST(NetDev, PutsEachColumnInItsPlace) {
  // A number so wide that it touches the colon, and an alias, whose name holds one.
  const auto families =
      publish_netdev(parse_net_dev("h\nh\neth0:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                                   " eth0:0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n"));
  const char* const columns[] = {
      "receive_bytes",  "receive_packets",  "receive_errs",       "receive_drop",
      "receive_fifo",   "receive_frame",    "receive_compressed", "receive_multicast",
      "transmit_bytes", "transmit_packets", "transmit_errs",      "transmit_drop",
      "transmit_fifo",  "transmit_colls",   "transmit_carrier",   "transmit_compressed"};
  double value = 0;
  for (const char* column : columns)
    EXPECT_EQ(
        sample(families, std::string("node_network_") + column + "_total", {{"device", "eth0"}}),
        ++value)
        << column;
  EXPECT_TRUE(sample(families, "node_network_receive_bytes_total", {{"device", "eth0:0"}}));
}

TEST(NetDev, RefusesGarbage) {
  EXPECT_TRUE(parse_net_dev("").empty());
  EXPECT_TRUE(parse_net_dev("one line").empty());
  for (const char* line :
       {"eth0 1 2\n", "eth0: 1 2 3\n", "eth0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 x\n",
        "eth0: 99999999999999999999 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"})
    EXPECT_THROW(parse_net_dev(std::string("h\nh\n") + line), core::CorruptData) << line;
}

TEST(NetClass, ReadsACapturedMachine) {
  const auto families = netclass_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(families, "node_network_up", {{"device", "eth0"}}), 1);
  EXPECT_EQ(sample(families, "node_network_mtu_bytes", {{"device", "eth0"}}), 1400);
  EXPECT_EQ(sample(families, "node_network_carrier", {{"device", "eth0"}}), 1);
  // A virtual interface says -1 of its speed, a link that is down says nothing of its carrier.
  EXPECT_EQ(sample_count(families, "node_network_speed_bytes"), 0u);
  EXPECT_EQ(sample(families, "node_network_up", {{"device", "ifb0"}}), 0);
  EXPECT_EQ(sample(families, "node_network_carrier", {{"device", "ifb0"}}), std::nullopt);
  EXPECT_EQ(sample(families, "node_network_up", {{"device", "lo"}}), 0); // "unknown", as upstream
}

TEST(NetClass, TellsWhatTheInterfaceIs) {
  const auto families = netclass_collector(captured_machine())->Collect();
  EXPECT_EQ(sample(families, "node_network_info",
                   {{"device", "eth0"},
                    {"address", "02:fc:00:00:00:01"},
                    {"broadcast", "ff:ff:ff:ff:ff:ff"},
                    {"duplex", "unknown"},
                    {"operstate", "up"},
                    {"ifalias", ""}}),
            1);
  EXPECT_EQ(sample(families, "node_network_carrier_changes_total", {{"device", "eth0"}}), 2);
  EXPECT_EQ(sample(families, "node_network_carrier_up_changes_total", {{"device", "eth0"}}), 1);
  EXPECT_EQ(sample(families, "node_network_carrier_down_changes_total", {{"device", "eth0"}}), 1);
  EXPECT_EQ(sample(families, "node_network_transmit_queue_length", {{"device", "ifb0"}}), 32);
}

TEST(NetClass, SeesInterfacesComeAndGo) {
  const core::TemporaryDirectory sys;
  const auto add = [&](const std::string& device, const std::string& mtu) {
    std::filesystem::create_directories(sys.path() / "class/net" / device);
    core::write_file_atomically(sys.path() / "class/net" / device / "mtu", mtu + "\n");
  };
  const auto collector = netclass_collector({"/nowhere", sys.path()});
  add("a", "1500");
  EXPECT_EQ(sample(collector->Collect(), "node_network_mtu_bytes", {{"device", "a"}}), 1500);
  std::filesystem::remove_all(sys.path() / "class/net/a");
  for (int i = 0; i < 40; ++i) add("veth" + std::to_string(i), "900"); // more than stay open
  const auto many = collector->Collect();
  EXPECT_EQ(sample_count(many, "node_network_mtu_bytes"), 40u);
  EXPECT_EQ(sample(many, "node_network_mtu_bytes", {{"device", "a"}}), std::nullopt);
  EXPECT_EQ(sample_count(collector->Collect(), "node_network_mtu_bytes"), 40u);
}

TEST(NetClass, TurnsMegabitsIntoBytes) {
  InterfaceAttributes attributes;
  attributes.operstate = "up";
  attributes.speed = "10000";
  const auto state = parse_interface("eth0", attributes);
  EXPECT_EQ(state.speed_bytes, 1.25e9);
  EXPECT_TRUE(state.up);
  EXPECT_EQ(parse_interface("eth0", {}).mtu_bytes, std::nullopt);
}

TEST(NetClass, RefusesGarbage) {
  using Attribute = std::optional<std::string> InterfaceAttributes::*;
  const std::vector<std::pair<Attribute, const char*>> wrong = {
      {&InterfaceAttributes::mtu, "many"},
      {&InterfaceAttributes::carrier, ""},
      {&InterfaceAttributes::speed, "fast"},
      {&InterfaceAttributes::tx_queue_len, "-1"}};
  for (const auto& [attribute, text] : wrong) {
    InterfaceAttributes attributes;
    attributes.*attribute = text;
    EXPECT_THROW(parse_interface("eth0", attributes), core::CorruptData) << text;
  }
}

} // namespace
} // namespace intendance::collectors
