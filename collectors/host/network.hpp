// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/net/dev, proc(5), and /sys/class/net: node_exporter's collectors `netdev` and `netclass`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <array>
#include <cstdint>

namespace intendance::collectors {

struct InterfaceCounters {
  std::string device;                      // "eth0"
  std::array<std::uint64_t, 16> columns{}; // as the file has them, receive before transmit
  std::optional<std::uint64_t> no_handler; // packets that no protocol wanted; /sys only
};

std::vector<InterfaceCounters> parse_net_dev(std::string_view text);
Families publish_netdev(const std::vector<InterfaceCounters>& interfaces);

struct InterfaceState {
  std::string device;
  bool up = false;                                          // operstate is "up"
  std::string address, broadcast, duplex, operstate, alias; // each empty when unknown
  std::optional<std::uint64_t> mtu_bytes, carrier, queue_length;
  std::optional<std::uint64_t> carrier_changes, carrier_up_changes, carrier_down_changes;
  std::optional<double> speed_bytes; // per second; absent when down, unknown or virtual
};

// The texts of one interface's attributes in /sys, each absent where it cannot be read.
struct InterfaceAttributes {
  std::optional<std::string> operstate{}, mtu{}, carrier{};
  std::optional<std::string> speed; // in Mbit/s, -1 when unknown
  std::optional<std::string> address, broadcast, duplex, ifalias;
  std::optional<std::string> carrier_changes, carrier_up_count, carrier_down_count, tx_queue_len;
};

InterfaceState parse_interface(std::string device, const InterfaceAttributes& attributes);
Families publish_netclass(const std::vector<InterfaceState>& interfaces);

std::shared_ptr<prometheus::Collectable> netdev_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> netclass_collector(const HostRoots& roots);

} // namespace intendance::collectors
