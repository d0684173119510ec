// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/connections.hpp"

#include "collectors/host/socket_diag.hpp"
#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <array>

namespace intendance::collectors {

namespace {

// By the kernel's numbers, include/net/tcp_states.h; 12 is a half-open connection that has no
// socket yet, which the tables show as 3.
constexpr std::array<const char*, 12> state_names = {
    "unknown",   "established", "syn_sent",   "syn_recv", "fin_wait1", "fin_wait2",
    "time_wait", "close",       "close_wait", "last_ack", "listen",    "closing"};

constexpr unsigned listening = 10;

std::optional<SocketTable> read_table(const KernelFile& file) {
  const auto text = file.read();
  return text ? std::optional(parse_socket_table(*text)) : std::nullopt;
}

class TcpConnections {
public:
  explicit TcpConnections(const HostRoots& roots)
      : v4_(roots.proc / "net" / "tcp"), v6_(roots.proc / "net" / "tcp6"),
        of_this_machine_(roots.proc == HostRoots().proc) {}

  SocketTable read() {
    if (of_this_machine_) {
      auto table = kernel_.with([](SocketDiag& kernel) { return kernel.tcp(); });
      if (table) return *std::move(table);
    }
    auto table = read_table(v4_).value_or(SocketTable());
    if (const auto six = read_table(v6_)) {
      for (const auto& [state, count] : six->states) table.states[state] += count;
      table.sent_bytes += six->sent_bytes;
      table.received_bytes += six->received_bytes;
    }
    return table;
  }

private:
  KernelFile v4_, v6_;
  bool of_this_machine_;
  core::Synchronized<SocketDiag> kernel_;
};

} // namespace

SocketTable parse_socket_table(std::string_view text) {
  SocketTable table;
  next_line(text); // headings
  while (auto line = next_line(text)) {
    for (int skipped = 0; skipped < 3; ++skipped) next_word(*line); // number and both addresses
    const auto state = next_word(*line);
    if (state.empty()) continue;
    const auto queues = next_word(*line);
    const auto colon = queues.find(':');
    if (colon == std::string_view::npos)
      throw core::CorruptData("/proc/net: \"" + std::string(queues.substr(0, 40)) +
                              "\" is not the queues of a socket");
    table.add(static_cast<unsigned>(parse_hexadecimal(state, "state")),
              parse_hexadecimal(queues.substr(0, colon), "tx_queue"),
              parse_hexadecimal(queues.substr(colon + 1), "rx_queue"));
  }
  return table;
}

void SocketTable::add(unsigned state, std::uint64_t to_send, std::uint64_t received) {
  ++states[state];
  if (state == listening) return;
  sent_bytes += to_send;
  received_bytes += received;
}

Families publish_tcp_states(const SocketTable& table) {
  auto family = gauge_family("node_tcp_connection_states",
                             "TCP connections in each state, and the bytes in their queues.");
  // A state that no connection is in has no sample, as node_exporter does it.
  std::map<std::string, std::uint64_t> by_name;
  for (const auto& [state, count] : table.states)
    by_name[state_names[state < state_names.size() ? state : 0]] += count;
  if (!table.states.empty()) {
    by_name["rx_queued_bytes"] = table.received_bytes;
    by_name["tx_queued_bytes"] = table.sent_bytes;
  }
  for (const auto& [name, count] : by_name)
    add_sample(family, static_cast<double>(count), {{"state", name}});
  return {std::move(family)};
}

Families publish_udp_queues(const std::optional<SocketTable>& v4,
                            const std::optional<SocketTable>& v6) {
  auto family = gauge_family("node_udp_queues", "Bytes in the queues of UDP sockets.");
  const auto add = [&](const std::optional<SocketTable>& table, const char* version) {
    if (!table) return;
    add_sample(family, static_cast<double>(table->sent_bytes), {{"queue", "tx"}, {"ip", version}});
    add_sample(family, static_cast<double>(table->received_bytes),
               {{"queue", "rx"}, {"ip", version}});
  };
  add(v4, "v4");
  add(v6, "v6");
  return {std::move(family)};
}

std::map<std::string, std::uint64_t> parse_arp(std::string_view text) {
  std::map<std::string, std::uint64_t> entries;
  next_line(text); // headings
  while (auto line = next_line(text)) {
    // 192.0.2.1  0x1  0x2  02:fc:00:00:00:05  *  eth0
    std::string_view device;
    int columns = 0;
    for (auto word = next_word(*line); !word.empty(); word = next_word(*line), ++columns)
      device = word;
    if (columns == 0) continue;
    if (columns != 6)
      throw core::CorruptData("/proc/net/arp: a line of " + std::to_string(columns) +
                              " columns, where Linux gives 6");
    ++entries[std::string(device)];
  }
  return entries;
}

Families publish_arp(const std::map<std::string, std::uint64_t>& entries) {
  auto family = gauge_family("node_arp_entries", "Neighbours known by their ARP, by device.");
  for (const auto& [device, count] : entries)
    add_sample(family, static_cast<double>(count), {{"device", device}});
  return {std::move(family)};
}

std::shared_ptr<prometheus::Collectable> tcp_states_collector(const HostRoots& roots) {
  auto connections = std::make_shared<TcpConnections>(roots);
  return make_collectable([connections] { return publish_tcp_states(connections->read()); });
}

std::shared_ptr<prometheus::Collectable> udp_queues_collector(const HostRoots& roots) {
  auto v4 = std::make_shared<const KernelFile>(roots.proc / "net" / "udp");
  auto v6 = std::make_shared<const KernelFile>(roots.proc / "net" / "udp6");
  return make_collectable(
      [v4, v6] { return publish_udp_queues(read_table(*v4), read_table(*v6)); });
}

std::shared_ptr<prometheus::Collectable> arp_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "net" / "arp");
  return make_collectable([file] {
    const auto text = file->read();
    return text ? publish_arp(parse_arp(*text)) : Families{};
  });
}

} // namespace intendance::collectors
