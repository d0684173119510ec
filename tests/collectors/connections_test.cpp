// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/connections.hpp"
#include "collectors/host/socket_diag.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>

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
      parse_socket_table("h\n0: a b FF 0:0 x\n1: a b 00 0:0\n2: a b 0B 1:2 x\n"));
  EXPECT_EQ(sample(families, "node_tcp_connection_states", {{"state", "unknown"}}), 2);
  EXPECT_EQ(sample(families, "node_tcp_connection_states", {{"state", "closing"}}), 1);
}

TEST(TcpStates, AMachineWithoutConnectionsHasNoSample) {
  EXPECT_EQ(sample_count(publish_tcp_states({}), "node_tcp_connection_states"), 0u);
}

// A connection with seven bytes that nobody reads, and one end of it closed.
class OpenConnection {
public:
  explicit OpenConnection(int version) : listener_(make(version)), client_(make(version)) {
    sockaddr_storage address{};
    address.ss_family = static_cast<sa_family_t>(version);
    socklen_t size = version == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
    auto* place = reinterpret_cast<sockaddr*>(&address);
    if (version == AF_INET)
      reinterpret_cast<sockaddr_in*>(place)->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    else
      reinterpret_cast<sockaddr_in6*>(place)->sin6_addr = in6addr_loopback;
    EXPECT_EQ(::bind(listener_.get(), place, size), 0);
    EXPECT_EQ(::listen(listener_.get(), 77), 0);
    EXPECT_EQ(::getsockname(listener_.get(), place, &size), 0);
    EXPECT_EQ(::connect(client_.get(), place, size), 0);
    server_ = core::FileDescriptor(::accept(listener_.get(), nullptr, nullptr));
    EXPECT_EQ(::send(client_.get(), "unread!", 7, 0), 7);
    EXPECT_EQ(::shutdown(client_.get(), SHUT_WR), 0);
  }

private:
  static core::FileDescriptor make(int version) {
    return core::FileDescriptor(::socket(version, SOCK_STREAM | SOCK_CLOEXEC, 0));
  }
  core::FileDescriptor listener_, client_, server_;
};

TEST(SocketDiag, SeesConnectionsOfBothVersionsAsTheFilesDo) {
  SocketDiag kernel;
  const auto before = kernel.tcp();
  if (!before) GTEST_SKIP() << "this kernel has no sock_diag";
  const auto count = [](const SocketTable& table, unsigned state) {
    const auto found = table.states.find(state);
    return found == table.states.end() ? 0 : static_cast<int>(found->second);
  };
  const OpenConnection four(AF_INET), six(AF_INET6);
  constexpr unsigned listening = 10, close_wait = 8;
  const auto both = kernel.tcp().value();
  EXPECT_GE(count(both, listening), 2);
  EXPECT_GE(count(both, close_wait), 2);
  EXPECT_GE(both.received_bytes, 14u);
  EXPECT_LT(both.sent_bytes, before->sent_bytes + 77) << "a listener's places are no bytes";
}

TEST(SocketDiag, RefusesWhatIsNoAnswer) {
  const auto message = [](std::uint16_t type, std::string_view content, std::uint32_t more = 0) {
    nlmsghdr header{};
    header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + content.size()) + more;
    header.nlmsg_type = type;
    return std::string(reinterpret_cast<const char*>(&header), sizeof header) +
           std::string(content);
  };
  SocketTable table;
  EXPECT_EQ(add_diag_datagram("", table), DiagAnswer::goes_on);
  EXPECT_EQ(add_diag_datagram(message(NLMSG_DONE, ""), table), DiagAnswer::ended);
  EXPECT_THROW(add_diag_datagram("short", table), core::CorruptData);
  EXPECT_THROW(add_diag_datagram(message(TCPDIAG_GETSOCK, "short"), table), core::CorruptData);
  EXPECT_THROW(add_diag_datagram(message(NLMSG_DONE, "", 9), table), core::CorruptData);
  EXPECT_THROW(add_diag_datagram(message(NLMSG_ERROR, ""), table), core::CorruptData);
  nlmsgerr refusal{};
  refusal.error = -EPERM;
  const std::string_view bytes(reinterpret_cast<const char*>(&refusal), sizeof refusal);
  EXPECT_THROW(add_diag_datagram(message(NLMSG_ERROR, bytes), table), core::AccessDenied);
  EXPECT_TRUE(table.states.empty());
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
