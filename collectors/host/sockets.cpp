// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/sockets.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <unistd.h>

#include <algorithm>
#include <array>

namespace intendance::collectors {

namespace {

constexpr std::array<std::string_view, 22> shown_by_netstat = {
    "Ip_Forwarding",      "IpExt_InOctets",       "IpExt_OutOctets",    "Icmp_InMsgs",
    "Icmp_OutMsgs",       "TcpExt_TCPSynRetrans", "TcpExt_TCPTimeouts", "TcpExt_TCPOFOQueue",
    "TcpExt_TCPRcvQDrop", "Tcp_ActiveOpens",      "Tcp_InSegs",         "Tcp_OutSegs",
    "Tcp_OutRsts",        "Tcp_MaxConn",          "Tcp_PassiveOpens",   "Tcp_RetransSegs",
    "Tcp_CurrEstab",      "Udp_InDatagrams",      "Udp_OutDatagrams",   "Udp_NoPorts",
    "Udp_RcvbufErrors",   "Udp_SndbufErrors"};

bool is_shown_by_netstat(std::string_view name) {
  return name.ends_with("_InErrors") || name.ends_with("_InErrs") ||
         name.starts_with("TcpExt_Listen") || name.starts_with("TcpExt_Syncookies") ||
         std::find(shown_by_netstat.begin(), shown_by_netstat.end(), name) !=
             shown_by_netstat.end();
}

// "TCP:" without its colon.
std::string protocol_of(std::string_view& line, const char* file) {
  auto word = next_word(line);
  if (word.size() < 2 || word.back() != ':')
    throw core::CorruptData(std::string(file) + ": \"" + std::string(word.substr(0, 40)) +
                            "\" is not a protocol");
  word.remove_suffix(1);
  return std::string(word);
}

} // namespace

std::vector<SocketField> parse_sockstat(std::string_view text) {
  std::vector<SocketField> fields;
  while (auto line = next_line(text)) {
    const auto protocol = protocol_of(*line, "/proc/net/sockstat");
    for (auto name = next_word(*line); !name.empty(); name = next_word(*line))
      fields.push_back({protocol + "_" + std::string(name), parse_integer(next_word(*line), name)});
  }
  return fields;
}

Families publish_sockstat(const std::vector<SocketField>& fields, long page_bytes) {
  Families families;
  const auto add = [&](const std::string& name, double value) {
    families.push_back(gauge_family("node_sockstat_" + name, name + " of /proc/net/sockstat."));
    add_sample(families.back(), value);
  };
  for (const auto& field : fields) {
    const auto value = static_cast<double>(field.value);
    add(field.name, value);
    if (field.name.ends_with("_mem"))
      add(field.name + "_bytes", value * static_cast<double>(page_bytes));
  }
  return families;
}

std::vector<SocketField> parse_netstat(std::string_view text) {
  std::vector<SocketField> fields;
  while (auto names = next_line(text)) {
    const auto protocol = protocol_of(*names, "/proc/net/netstat");
    auto values = next_line(text).value_or("");
    if (protocol_of(values, "/proc/net/netstat") != protocol)
      throw core::CorruptData("/proc/net/netstat: the names of " + protocol + " have no values");
    for (auto name = next_word(*names); !name.empty(); name = next_word(*names)) {
      auto field = protocol + "_" + std::string(name);
      const auto value = parse_integer(next_word(values), field);
      if (is_shown_by_netstat(field)) fields.push_back({std::move(field), value});
    }
  }
  return fields;
}

Families publish_netstat(const std::vector<SocketField>& fields) {
  Families families;
  for (const auto& field : fields) {
    // Untyped, as node_exporter has them: the files mix counters and gauges.
    families.push_back(
        untyped_family("node_netstat_" + field.name, field.name + " of the network stack."));
    add_sample(families.back(), static_cast<double>(field.value));
  }
  return families;
}

std::shared_ptr<prometheus::Collectable> sockstat_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "net" / "sockstat");
  return make_collectable([file] {
    const auto text = file->read();
    return text ? publish_sockstat(parse_sockstat(*text), ::sysconf(_SC_PAGESIZE)) : Families{};
  });
}

std::shared_ptr<prometheus::Collectable> netstat_collector(const HostRoots& roots) {
  auto netstat = std::make_shared<const KernelFile>(roots.proc / "net" / "netstat");
  auto snmp = std::make_shared<const KernelFile>(roots.proc / "net" / "snmp");
  return make_collectable([netstat, snmp] {
    auto fields = parse_netstat(netstat->read().value_or(""));
    for (auto& field : parse_netstat(snmp->read().value_or(""))) fields.push_back(std::move(field));
    return publish_netstat(fields);
  });
}

} // namespace intendance::collectors
