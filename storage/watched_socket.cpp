// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/watched_socket.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace intendance::storage {

namespace {

using std::chrono::milliseconds;
using Clock = std::chrono::steady_clock;
using Addresses = core::Handle<addrinfo, ::freeaddrinfo>;

constexpr milliseconds glance{100}; // between two looks at whether to stop
constexpr std::chrono::hours idle{1};

Addresses resolve(const std::string& host, std::uint16_t port) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_ADDRCONFIG;
  addrinfo* found = nullptr;
  const int code = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
  if (code != 0) {
    throw core::TransientError(
        fmt::format("cannot find the server {}: {}", host,
                    code == EAI_SYSTEM ? std::strerror(errno) : ::gai_strerror(code)));
  }
  return Addresses(found);
}

// 0, or why there is no connection.
int wait_for_connection(const core::FileDescriptor& socket, Clock::time_point deadline,
                        const std::stop_token& stop) {
  pollfd events{socket.get(), POLLOUT, 0};
  while (::poll(&events, 1, static_cast<int>(glance.count())) <= 0) {
    if (stop.stop_requested()) throw core::Cancelled("stopped as asked");
    if (Clock::now() >= deadline) return ETIMEDOUT;
  }
  int reason = 0;
  socklen_t size = sizeof reason;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &reason, &size) != 0) return errno;
  return reason;
}

core::FileDescriptor connect_to(const addrinfo& address, Clock::time_point deadline,
                                const std::stop_token& stop, int& reason) {
  core::FileDescriptor socket(
      ::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  reason = socket ? 0 : errno;
  if (socket && ::connect(socket.get(), address.ai_addr, address.ai_addrlen) != 0) {
    reason = errno;
    if (reason == EINPROGRESS) reason = wait_for_connection(socket, deadline, stop);
  }
  if (reason != 0) return {};
  // Requests are small, and each is waited for.
  const int yes = 1;
  (void)::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return socket;
}

core::FileDescriptor connect_to(const std::string& host, std::uint16_t port, milliseconds patience,
                                const std::stop_token& stop) {
  const auto end = Clock::now() + patience;
  const auto addresses = resolve(host, port);
  int left = 0;
  for (const auto* each = addresses.get(); each != nullptr; each = each->ai_next) ++left;
  int reason = EADDRNOTAVAIL;
  for (const auto* each = addresses.get(); each != nullptr; each = each->ai_next, --left) {
    // One that never answers must leave time for the next.
    const auto deadline = Clock::now() + (end - Clock::now()) / left;
    if (auto socket = connect_to(*each, deadline, stop, reason)) return socket;
  }
  throw core::TransientError(
      fmt::format("cannot connect to {}, port {}: {}", host, port, std::strerror(reason)));
}

} // namespace

WatchedSocket::WatchedSocket(const std::string& host, std::uint16_t port, milliseconds patience,
                             std::stop_token stop)
    : socket_(connect_to(host, port, patience, stop)), stop_(std::move(stop)),
      thread_([this](const std::stop_token& done) { watch(done); }) {
  on_stop_.emplace(stop_, [this] { cut(); });
}

WatchedSocket::~WatchedSocket() = default;

WatchedSocket::Period::Period(WatchedSocket& socket, milliseconds patience) noexcept
    : socket_(socket) {
  socket_.begin(Clock::now() + patience);
}

WatchedSocket::Period::~Period() { socket_.begin(Clock::time_point::max()); }

void WatchedSocket::cut() noexcept { (void)::shutdown(socket_.get(), SHUT_RDWR); }

void WatchedSocket::begin(Clock::time_point deadline) noexcept {
  const std::scoped_lock lock(mutex_);
  deadline_ = deadline;
  if (deadline < wakes_) changed_.notify_one();
}

void WatchedSocket::watch(const std::stop_token& done) {
  std::unique_lock lock(mutex_);
  while (!done.stop_requested()) {
    const auto now = Clock::now();
    if (now >= deadline_) {
      expired_ = true;
      cut();
      deadline_ = Clock::time_point::max();
    }
    wakes_ = std::min(deadline_, now + idle);
    changed_.wait_until(lock, done, wakes_, [&] { return deadline_ < wakes_; });
  }
}

} // namespace intendance::storage
