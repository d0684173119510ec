// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/icmp_check.hpp"

#include "collectors/probes/shown_text.hpp"
#include "core/file.hpp"

#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <thread>

namespace intendance::collectors {

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds stop_is_looked_at_every{100};
constexpr std::chrono::seconds asked_again_after{1}; // a packet may be lost

struct Address {
  sockaddr_storage bytes{};
  socklen_t size = 0;
  bool is_ipv6() const { return bytes.ss_family == AF_INET6; }
  std::string text() const {
    std::array<char, NI_MAXHOST> text{};
    ::getnameinfo(reinterpret_cast<const sockaddr*>(&bytes), size, text.data(), text.size(),
                  nullptr, 0, NI_NUMERICHOST);
    return text.data();
  }
};

std::optional<Address> look_up(const std::string& host) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return std::nullopt;
  Address address;
  std::memcpy(&address.bytes, found->ai_addr, found->ai_addrlen);
  address.size = found->ai_addrlen;
  ::freeaddrinfo(found);
  return address;
}

enum class Lookup { found, none, too_slow };

// The C library's resolver cannot be interrupted; a thread of its own waits for it, and is left to
// end by itself when it takes too long (after its own time-outs, some 10 s).
Lookup look_up_until(const std::string& host, Deadline deadline, const std::stop_token& stop,
                     Address& address) {
  auto promise = std::make_shared<std::promise<std::optional<Address>>>();
  auto future = promise->get_future();
  std::thread([promise, host] { promise->set_value(look_up(host)); }).detach();
  while (Clock::now() < deadline) {
    if (stop.stop_requested()) throw core::Cancelled("stopped while looking up " + host);
    if (future.wait_for(stop_is_looked_at_every) != std::future_status::ready) continue;
    const auto found = future.get();
    if (!found) return Lookup::none;
    address = *found;
    return Lookup::found;
  }
  return Lookup::too_slow;
}

class Ping {
public:
  Ping(const Address& address, core::FileDescriptor socket, const std::stop_token& stop)
      : address_(address), socket_(std::move(socket)), stop_(stop) {}

  // Absent when nobody answered in time. An error is the kernel's.
  std::optional<int> error;
  bool answered(Deadline deadline) {
    for (std::uint16_t number = 1; Clock::now() < deadline; ++number) {
      if (!send(number)) return false;
      const auto until = std::min(deadline, Clock::now() + asked_again_after);
      while (wait(until)) {
        std::array<char, 1500> into{};
        const auto count = ::recv(socket_.get(), into.data(), into.size(), 0);
        if (count < 0 && (errno == EAGAIN || errno == EINTR)) continue;
        if (count < 0) return failed();
        if (is_echo_reply({into.data(), static_cast<std::size_t>(count)}, address_.is_ipv6(),
                          number))
          return true;
      }
    }
    return false;
  }

private:
  bool failed() {
    error = errno;
    return false;
  }

  bool send(std::uint16_t number) {
    // The kernel fills in the identifier and the checksum.
    std::array<unsigned char, 16> packet{};
    packet[0] = address_.is_ipv6() ? ICMP6_ECHO_REQUEST : ICMP_ECHO;
    packet[6] = static_cast<unsigned char>(number >> 8);
    packet[7] = static_cast<unsigned char>(number & 0xFF);
    const auto sent = ::sendto(socket_.get(), packet.data(), packet.size(), 0,
                               reinterpret_cast<const sockaddr*>(&address_.bytes), address_.size);
    return sent >= 0 || failed();
  }

  bool wait(Deadline until) const {
    while (!stop_.stop_requested()) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now());
      if (left.count() <= 0) return false;
      pollfd ready{socket_.get(), POLLIN, 0};
      if (::poll(&ready, 1, static_cast<int>(std::min(left, stop_is_looked_at_every).count())) > 0)
        return true;
    }
    throw core::Cancelled("stopped while waiting for an echo");
  }

  const Address& address_;
  core::FileDescriptor socket_;
  const std::stop_token& stop_;
};

} // namespace

bool is_echo_reply(std::string_view bytes, bool is_ipv6, std::uint16_t number) {
  if (bytes.size() < 8) return false;
  const auto byte = [&](std::size_t at) { return static_cast<unsigned char>(bytes[at]); };
  const auto kind = is_ipv6 ? ICMP6_ECHO_REPLY : ICMP_ECHOREPLY;
  return byte(0) == kind && (byte(6) << 8 | byte(7)) == number;
}

CheckOutcome ping(const Service& service, const Check& check, const NameServers& name_servers,
                  const std::stop_token& stop) {
  const auto started = Clock::now();
  const auto deadline = started + check.timeout;
  CheckOutcome outcome;
  outcome.verb = "PING";
  outcome.url = service.host;
  const auto fail = [&](ProbePhase phase, ProbeReason reason, std::string detail) {
    outcome.failure = ProbeFailure{phase, reason, std::move(detail)};
    return outcome;
  };
  Address address;
  const auto lookup = look_up_until(service.host, deadline, stop, address);
  if (lookup == Lookup::too_slow)
    return fail(ProbePhase::resolve, ProbeReason::timeout, "no name server answers");
  if (lookup == Lookup::none) {
    core::ConnectionCall about;
    about.host = service.host;
    about.timeout = check.timeout;
    explain_failure(outcome,
                    core::NetworkFailure(core::NetworkFailure::Phase::resolve,
                                         core::NetworkFailure::Cause::unresolved, service.host),
                    {name_servers, about, stop});
    return outcome;
  }
  outcome.remote_address = address.text();
  const auto resolved = Clock::now();
  const int protocol = address.is_ipv6() ? int{IPPROTO_ICMPV6} : int{IPPROTO_ICMP};
  core::FileDescriptor socket(
      ::socket(address.bytes.ss_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket) {
    if (errno == EACCES || errno == EPERM || errno == EPROTONOSUPPORT) {
      outcome.not_asked = NotAsked::not_permitted;
      return outcome;
    }
    return fail(ProbePhase::request, ProbeReason::unreachable, std::strerror(errno));
  }
  Ping one(address, std::move(socket), stop);
  if (!one.answered(deadline)) {
    if (one.error)
      return fail(ProbePhase::request, ProbeReason::unreachable, std::strerror(*one.error));
    return fail(ProbePhase::response, ProbeReason::timeout, "no echo");
  }
  core::NetworkTimings timings;
  timings.resolve = resolved - started;
  timings.processing = Clock::now() - resolved;
  timings.total = Clock::now() - started;
  outcome.timings = timings;
  return outcome;
}

} // namespace intendance::collectors
