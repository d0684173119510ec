// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/dns_client.hpp"

#include "core/crypto.hpp"
#include "core/file.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

namespace intendance::collectors {

namespace {

using Cause = DnsFailure::Cause;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds stop_is_looked_at_every{100};
constexpr std::chrono::seconds asked_again_after{1}; // a datagram may be lost
constexpr std::size_t most_resolvers = 3;

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
};

Address address_of(const DnsServer& server) {
  Address address;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&address.bytes);
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&address.bytes);
  if (::inet_pton(AF_INET, server.address.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(server.port);
    address.size = sizeof *v4;
  } else if (::inet_pton(AF_INET6, server.address.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(server.port);
    address.size = sizeof *v6;
  } else {
    throw DnsFailure(Cause::unreachable, server.address + " is no address of a name server");
  }
  return address;
}

// One exchange with one server.
class Exchange {
public:
  Exchange(const DnsServer& server, const DnsQuestion& question, Deadline deadline,
           const std::stop_token& stop)
      : server_(server), question_(question), deadline_(deadline), stop_(stop) {
    const auto random = core::random_bytes(2);
    id_ = static_cast<std::uint16_t>(random[0] << 8 | random[1]);
    bytes_ = make_dns_question(id_, question.name, question.type, question.recursion);
  }

  DnsMessage over_udp() {
    connect(SOCK_DGRAM);
    while (true) {
      send_all(bytes_);
      const auto until = std::min(deadline_, Clock::now() + asked_again_after);
      while (wait(POLLIN, until)) {
        std::array<char, 65535> into;
        const auto count = ::recv(socket_.get(), into.data(), into.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count < 0) fail(errno);
        if (const auto answer = ours({into.data(), static_cast<std::size_t>(count)}))
          return *answer;
      }
      if (Clock::now() >= deadline_) fail(ETIMEDOUT);
    }
  }

  DnsMessage over_tcp() {
    connect(SOCK_STREAM);
    std::string framed;
    framed += static_cast<char>(bytes_.size() >> 8);
    framed += static_cast<char>(bytes_.size() & 0xFF);
    send_all(framed + bytes_);
    const auto head = receive(2);
    const auto length = static_cast<std::size_t>(static_cast<unsigned char>(head[0])) << 8 |
                        static_cast<unsigned char>(head[1]);
    const auto answer = ours(receive(length));
    if (!answer) throw DnsFailure(Cause::protocol, server_.text() + ": it answers something else");
    if (answer->truncated)
      throw DnsFailure(Cause::protocol, server_.text() + ": its answer is cut over TCP too");
    return *answer;
  }

private:
  void connect(int type) {
    const auto address = address_of(server_);
    socket_ = core::FileDescriptor(
        ::socket(address.bytes.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_) fail(errno);
    if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address.bytes), address.size) ==
        0)
      return;
    if (errno != EINPROGRESS) fail(errno);
    if (!wait(POLLOUT, deadline_)) fail(ETIMEDOUT);
    int error = 0;
    socklen_t size = sizeof error;
    ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) fail(error);
  }

  void send_all(std::string_view rest) {
    while (!rest.empty()) {
      const auto sent = ::send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent >= 0)
        rest.remove_prefix(static_cast<std::size_t>(sent));
      else if (errno != EAGAIN && errno != EINTR)
        fail(errno);
      else if (!wait(POLLOUT, deadline_))
        fail(ETIMEDOUT);
    }
  }

  std::string receive(std::size_t wanted) {
    std::string bytes(wanted, '\0');
    std::size_t done = 0;
    while (done < wanted) {
      if (!wait(POLLIN, deadline_)) fail(ETIMEDOUT);
      const auto count = ::recv(socket_.get(), bytes.data() + done, wanted - done, 0);
      if (count == 0)
        throw DnsFailure(Cause::closed, server_.text() + ": it closed the connection");
      if (count > 0)
        done += static_cast<std::size_t>(count);
      else if (errno != EAGAIN && errno != EINTR)
        fail(errno);
    }
    return bytes;
  }

  // What another question was answered by, or somebody else sent, is not ours.
  std::optional<DnsMessage> ours(std::string_view bytes) const {
    try {
      auto message = parse_dns_message(bytes);
      // Who refuses may leave the question out.
      const bool is_named = message.name == plain_name(question_.name) &&
                            message.type == static_cast<std::uint16_t>(question_.type);
      if (!message.is_answer || message.id != id_ || (!is_named && !message.name.empty()))
        return std::nullopt;
      return message;
    } catch (const core::CorruptData& error) {
      throw DnsFailure(Cause::protocol, server_.text() + ": " + error.what());
    }
  }

  bool wait(short what, Deadline until) const {
    while (!stop_.stop_requested()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0) return false;
      pollfd ready{socket_.get(), what, 0};
      if (::poll(&ready, 1, static_cast<int>(std::min(left, stop_is_looked_at_every).count())) > 0)
        return true;
    }
    throw core::Cancelled("stopped while asking name server " + server_.text());
  }

  [[noreturn]] void fail(int error) const {
    const auto cause = error == ETIMEDOUT      ? Cause::timeout
                       : error == ECONNREFUSED ? Cause::refused
                       : error == ECONNRESET   ? Cause::closed
                                               : Cause::unreachable;
    throw DnsFailure(cause, server_.text() + ": " +
                                (error == ETIMEDOUT ? "no answer in time" : std::strerror(error)));
  }

  const DnsServer& server_;
  const DnsQuestion& question_;
  Deadline deadline_;
  const std::stop_token& stop_;
  std::uint16_t id_ = 0;
  std::string bytes_;
  core::FileDescriptor socket_;
};

} // namespace

std::string DnsServer::text() const {
  return port == 53 ? address : address + " port " + std::to_string(port);
}

std::vector<DnsServer> parse_resolvers(std::string_view text) {
  std::vector<DnsServer> servers;
  constexpr std::string_view blanks = " \t\r";
  while (!text.empty() && servers.size() < most_resolvers) {
    auto line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    constexpr std::string_view word = "nameserver";
    if (!line.starts_with(word)) continue;
    line.remove_prefix(word.size());
    const auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos || begin == 0) continue;
    line.remove_prefix(begin);
    // An address of one link has its interface behind a %; the library's functions want none.
    servers.push_back({std::string(line.substr(0, line.find_first_of(" \t\r%#;"))), 53});
  }
  if (servers.empty()) servers.push_back({"127.0.0.1", 53});
  return servers;
}

NameServers machine_name_servers(const std::filesystem::path& file) {
  try {
    return {parse_resolvers(core::read_file(file, std::size_t{1} << 16)), 53};
  } catch (const core::Error&) {
    return {parse_resolvers({}), 53}; // as the C library does without the file
  }
}

DnsMessage ask_name_server(const DnsServer& server, const DnsQuestion& question, Deadline deadline,
                           const std::stop_token& stop) {
  Exchange exchange(server, question, deadline, stop);
  auto message = exchange.over_udp();
  return message.truncated ? exchange.over_tcp() : message;
}

} // namespace intendance::collectors
