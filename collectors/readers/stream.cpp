// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/stream.hpp"

#include "core/error.hpp"
#include "core/handle.hpp"

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace intendance::collectors {

namespace {

struct HostAndPort {
  std::string host, port;
};

HostAndPort split(const std::string& address) {
  const auto colon = address.rfind(':');
  HostAndPort parts;
  if (colon != std::string::npos) parts = {address.substr(0, colon), address.substr(colon + 1)};
  if (parts.host.starts_with('[') && parts.host.ends_with(']'))
    parts.host = parts.host.substr(1, parts.host.size() - 2);
  const bool digits = std::all_of(parts.port.begin(), parts.port.end(),
                                  [](char c) { return c >= '0' && c <= '9'; });
  if (parts.host.empty() || parts.port.empty() || !digits || parts.port.size() > 5)
    throw core::Error("is no address\n  allowed: /PATH/OF/A/SOCKET, HOST:PORT or [IPV6]:PORT");
  return parts;
}

void free_addresses(addrinfo* list) { ::freeaddrinfo(list); }

} // namespace

void Stream::check_address(const std::string& address) {
  if (!address.starts_with('/'))
    split(address);
  else if (address.size() >= sizeof(sockaddr_un::sun_path))
    throw core::Error("is too long for a socket's path");
}

Stream::Stream(const std::string& address, Deadline deadline)
    : address_(address), deadline_(deadline) {
  check_address(address);
  if (address.starts_with('/'))
    connect_unix();
  else
    connect_tcp();
}

void Stream::connect_unix() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, address_.c_str(), address_.size() + 1);
  socket_ = core::FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) core::throw_errno("socket");
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return;
  // A Unix socket whose queue is full does not make us wait, it says so.
  if (errno == EAGAIN)
    throw core::TransientError("connecting to " + address_ +
                               ": its queue is full; the service takes no new connections");
  if (errno == ENOENT || errno == ECONNREFUSED)
    throw core::TransientError("connecting to " + address_ + ": " + std::strerror(errno) +
                               "; start the service, or correct the address");
  core::throw_errno("connecting to " + address_);
}

void Stream::connect_tcp() {
  const auto [host, port] = split(address_);
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int fault = ::getaddrinfo(host.c_str(), port.c_str(), &wanted, &found);
  const core::Handle<addrinfo, free_addresses> list(found);
  if (fault != 0) throw core::TransientError("finding " + address_ + ": " + ::gai_strerror(fault));
  socket_ = core::FileDescriptor(
      ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) core::throw_errno("socket");
  if (::connect(socket_.get(), found->ai_addr, found->ai_addrlen) != 0) {
    if (errno != EINPROGRESS) core::throw_errno("connecting to " + address_);
    finish_connecting();
  }
}

void Stream::finish_connecting() {
  wait(POLLOUT);
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0)
    throw core::TransientError("connecting to " + address_ + ": " + std::strerror(error) +
                               "; start the service, or correct the address");
}

void Stream::wait(short events) {
  while (true) {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(deadline_ - std::chrono::steady_clock::now());
    pollfd ready{socket_.get(), events, 0};
    const int count = ::poll(&ready, 1, static_cast<int>(std::max<long>(0, left.count())));
    if (count > 0) return;
    if (count < 0 && errno != EINTR) core::throw_errno("waiting for " + address_);
    if (count == 0) throw core::TransientError(address_ + " did not answer in time");
  }
}

void Stream::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0)
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    else if (errno == EAGAIN)
      wait(POLLOUT);
    else if (errno != EINTR)
      core::throw_errno("writing to " + address_);
  }
}

std::string Stream::receive() {
  while (true) {
    wait(POLLIN);
    std::array<char, 16384> piece;
    const auto size = ::recv(socket_.get(), piece.data(), piece.size(), 0);
    if (size >= 0) return std::string(piece.data(), static_cast<std::size_t>(size));
    if (errno != EAGAIN && errno != EINTR) core::throw_errno("reading from " + address_);
  }
}

} // namespace intendance::collectors
