// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/system_bus.hpp"

#include "core/crypto.hpp"
#include "core/error.hpp"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace intendance::collectors {

namespace {

// Calls that are under way together, so that neither side's buffers fill up.
constexpr std::size_t most_at_once = 64;

} // namespace

SystemBus::SystemBus(const std::filesystem::path& socket, std::chrono::milliseconds patience)
    : name_(socket.string()), patience_(patience) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (name_.size() >= sizeof address.sun_path)
    throw core::Error(name_ + " is too long for a socket's path");
  std::memcpy(address.sun_path, name_.c_str(), name_.size() + 1);
  socket_ = core::FileDescriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket_) core::throw_errno("socket");
  if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    core::throw_errno("connecting to " + name_);
  authenticate();
}

// "Authentication Protocol": the daemon asks the kernel who we are.
void SystemBus::authenticate() {
  send(std::string(1, '\0') + "AUTH EXTERNAL " +
       core::to_hex(core::as_bytes(std::to_string(::geteuid()))) + "\r\nBEGIN\r\n");
  while (received_.find("\r\n") == std::string::npos) {
    if (received_.size() > 512) throw core::CorruptData(name_ + ": no answer of a D-Bus daemon");
    receive();
  }
  const auto end = received_.find("\r\n");
  if (!received_.starts_with("OK "))
    throw core::AccessDenied(name_ + " refuses this user: \"" + received_.substr(0, end) + "\"");
  received_.erase(0, end + 2);
  call({"org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus", "Hello", {}});
}

void SystemBus::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) core::throw_errno("writing to " + name_);
    pollfd ready{socket_.get(), POLLOUT, 0};
    if (::poll(&ready, 1, static_cast<int>(patience_.count())) == 0)
      throw core::Error(name_ + " takes nothing any more");
  }
}

void SystemBus::receive() {
  pollfd ready{socket_.get(), POLLIN, 0};
  int count = 0;
  while ((count = ::poll(&ready, 1, static_cast<int>(patience_.count()))) < 0 && errno == EINTR) {
  }
  if (count == 0) throw core::Error(name_ + " is silent");
  std::array<char, 65536> piece;
  const auto size = ::recv(socket_.get(), piece.data(), piece.size(), 0);
  if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (size < 0) core::throw_errno("reading from " + name_);
  if (size == 0) throw core::Error(name_ + " has closed the connection");
  received_.append(piece.data(), static_cast<std::size_t>(size));
}

BusMessage SystemBus::next_message() {
  while (true) {
    const auto length = message_length(received_);
    if (length && received_.size() >= *length) {
      auto message = decode_message(std::string_view(received_).substr(0, *length));
      received_.erase(0, *length);
      return message;
    }
    receive();
  }
}

std::vector<BusMessage> SystemBus::call(const std::vector<BusCall>& calls) {
  std::vector<BusMessage> answers(calls.size());
  for (std::size_t begin = 0; begin < calls.size(); begin += most_at_once) {
    const auto end = std::min(calls.size(), begin + most_at_once);
    const auto first = serial_ + 1;
    std::string bytes;
    for (auto i = begin; i < end; ++i) bytes += encode_call(calls[i], ++serial_);
    send(bytes);
    for (auto missing = end - begin; missing > 0;) {
      auto message = next_message();
      const std::size_t which = message.answers - first; // of no use when it is another's
      if (message.answers < first || which >= end - begin) continue;
      answers[begin + which] = std::move(message);
      --missing;
    }
  }
  return answers;
}

BusMessage SystemBus::call(const BusCall& call) {
  auto answer = std::move(this->call(std::vector{call}).front());
  if (answer.kind != BusMessageKind::answer)
    throw core::Error(name_ + ": " + call.interface + "." + call.member + ": " + answer.error_name);
  return answer;
}

} // namespace intendance::collectors
