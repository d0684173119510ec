// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/net/sockstat, /proc/net/snmp and /proc/net/netstat, proc(5): node_exporter's collectors
// `sockstat` and `netstat`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>

namespace intendance::collectors {

struct SocketField {
  std::string name;   // "TCP_inuse", "TcpExt_ListenDrops"
  std::int64_t value; // the kernel has negative ones: Tcp MaxConn is -1 without a limit
};

// "TCP: inuse 4 orphan 0 …", each line a protocol.
std::vector<SocketField> parse_sockstat(std::string_view text);
// `mem` is in pages; it is also shown in bytes.
Families publish_sockstat(const std::vector<SocketField>& fields, long page_bytes);

// Pairs of lines, names above values, both beginning with the protocol. Gives only what
// node_exporter shows.
std::vector<SocketField> parse_netstat(std::string_view text);
Families publish_netstat(const std::vector<SocketField>& fields);

std::shared_ptr<prometheus::Collectable> sockstat_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> netstat_collector(const HostRoots& roots);

} // namespace intendance::collectors
