// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/socket_diag.hpp"

#include "core/error.hpp"

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace intendance::collectors {

namespace {

constexpr unsigned all_states = 0xFFF;
constexpr timeval patience{2, 0};
constexpr std::size_t most_bytes = 32768; // of a datagram, which the kernel makes no longer

struct Request {
  nlmsghdr header{};
  inet_diag_req wanted{};
};

// The first form of the request, which unlike its successor asks for no version of IP.
Request request_for_tcp() {
  Request request;
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = TCPDIAG_GETSOCK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  request.wanted.idiag_states = all_states;
  return request;
}

template <class Struct>
Struct read_struct(std::string_view bytes) {
  if (bytes.size() < sizeof(Struct))
    throw core::CorruptData("sock_diag: a message is shorter than it must be");
  Struct read{};
  std::memcpy(&read, bytes.data(), sizeof read);
  return read;
}

} // namespace

DiagAnswer add_diag_datagram(std::string_view datagram, SocketTable& table) {
  while (!datagram.empty()) {
    const auto header = read_struct<nlmsghdr>(datagram);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size())
      throw core::CorruptData("sock_diag: a message of " + std::to_string(header.nlmsg_len) +
                              " bytes in a datagram of " + std::to_string(datagram.size()));
    const auto content = datagram.substr(sizeof header, header.nlmsg_len - sizeof header);
    if (header.nlmsg_type == NLMSG_DONE) return DiagAnswer::ended;
    if (header.nlmsg_type == NLMSG_ERROR)
      core::throw_errno("sock_diag", -read_struct<nlmsgerr>(content).error);
    const auto connection = read_struct<inet_diag_msg>(content);
    table.add(connection.idiag_state, connection.idiag_wqueue, connection.idiag_rqueue);
    datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
  }
  return DiagAnswer::goes_on;
}

std::optional<SocketTable> SocketDiag::tcp() {
  if (is_missing_) return std::nullopt;
  try {
    auto table = ask();
    has_answered_ = true;
    return table;
  } catch (const core::Error&) {
    socket_.close(); // part of an answer may be left in it
    if (has_answered_) throw;
    is_missing_ = true; // a kernel without the module, a unit that may not open such a socket
    return std::nullopt;
  }
}

SocketTable SocketDiag::ask() {
  if (!socket_) {
    socket_ =
        core::FileDescriptor(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_INET_DIAG));
    if (!socket_) core::throw_errno("opening a socket of sock_diag");
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  const auto request = request_for_tcp();
  if (::send(socket_.get(), &request, sizeof request, 0) < 0) core::throw_errno("asking sock_diag");
  SocketTable table;
  std::array<char, most_bytes> datagram;
  for (;;) {
    const auto count = ::recv(socket_.get(), datagram.data(), datagram.size(), 0);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) core::throw_errno("reading sock_diag's answer");
    const std::string_view answer(datagram.data(), static_cast<std::size_t>(count));
    if (add_diag_datagram(answer, table) == DiagAnswer::ended) return table;
  }
}

} // namespace intendance::collectors
