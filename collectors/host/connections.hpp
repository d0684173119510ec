// SPDX-License-Identifier: AGPL-3.0-or-later
// The kernel's lists of connections (sock_diag, or /proc/net/tcp), UDP sockets and neighbours:
// node_exporter's collectors `tcpstat`, `udp_queues` and `arp`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>
#include <map>

namespace intendance::collectors {

// What one of the socket tables comes to.
struct SocketTable {
  std::map<unsigned, std::uint64_t> states; // connections by the kernel's number of their state
  std::uint64_t sent_bytes = 0;             // that wait to be sent or acknowledged
  std::uint64_t received_bytes = 0;         // that wait to be read

  // Of a listening socket the kernel gives connections for bytes; these are left out.
  void add(unsigned state, std::uint64_t to_send, std::uint64_t received);
};

// A line of headings, then a socket a line: "0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 …"
SocketTable parse_socket_table(std::string_view text);
Families publish_tcp_states(const SocketTable& table); // of both versions of IP
// A version's table is absent where the kernel has none.
Families publish_udp_queues(const std::optional<SocketTable>& v4,
                            const std::optional<SocketTable>& v6);

// Entries by device.
std::map<std::string, std::uint64_t> parse_arp(std::string_view text);
Families publish_arp(const std::map<std::string, std::uint64_t>& entries);

std::shared_ptr<prometheus::Collectable> tcp_states_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> udp_queues_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> arp_collector(const HostRoots& roots);

} // namespace intendance::collectors
