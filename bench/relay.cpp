// SPDX-License-Identifier: AGPL-3.0-or-later
// A network for benches: passes connections on to a server, each byte later by half a round trip
// and all bytes of one direction together no faster than a line is.
//
// relay LISTEN_PORT SERVER_PORT ROUND_TRIP_MS MEGABITS
#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t step = std::size_t{64} << 10;
// What a connection may have on its way, as the windows of TCP would let it over such a line.
constexpr std::size_t window = std::size_t{8} << 20;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(1);
}

// One direction of the line, shared by all connections.
class Line {
public:
  Line(std::chrono::microseconds delay, double bytes_a_second)
      : delay_(delay), bytes_a_second_(bytes_a_second) {}

  // When the last of so many bytes that are sent now arrives.
  Clock::time_point arrival(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    const std::chrono::duration<double> takes(static_cast<double>(bytes) / bytes_a_second_);
    free_ = std::max(free_, Clock::now()) + std::chrono::duration_cast<Clock::duration>(takes);
    return free_ + delay_;
  }

private:
  const std::chrono::microseconds delay_;
  const double bytes_a_second_;
  std::mutex mutex_;
  Clock::time_point free_{};
};

class Socket {
public:
  explicit Socket(int number) : number_(number) {
    const int on = 1;
    ::setsockopt(number_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Socket() { ::close(number_); }
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  int number() const { return number_; }
  // The delay is the line's alone: a sender that waits for this must not wait for the kernel, too.
  void acknowledge() const {
    const int on = 1;
    ::setsockopt(number_, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
  }

private:
  int number_;
};

// From one socket to the other; ends when either does.
class Direction {
public:
  Direction(std::shared_ptr<Socket> from, std::shared_ptr<Socket> to, Line& line)
      : from_(std::move(from)), to_(std::move(to)), line_(line) {}

  void read_all() {
    for (;;) {
      Piece piece;
      piece.bytes.resize(step);
      const auto count = ::recv(from_->number(), piece.bytes.data(), step, 0);
      from_->acknowledge();
      piece.bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      piece.arrives = line_.arrival(piece.bytes.size());
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return held_ < window || gone_; });
      if (gone_) return;
      held_ += piece.bytes.size();
      const bool last = piece.bytes.empty();
      pieces_.push_back(std::move(piece));
      changed_.notify_all();
      if (last) return;
    }
  }

  void write_all() {
    for (;;) {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [&] { return !pieces_.empty(); });
      auto piece = std::move(pieces_.front());
      pieces_.pop_front();
      lock.unlock();
      std::this_thread::sleep_until(piece.arrives);
      if (piece.bytes.empty()) break;
      if (!send_all(piece.bytes)) break;
      lock.lock();
      held_ -= piece.bytes.size();
      changed_.notify_all();
    }
    ::shutdown(to_->number(), SHUT_WR);
    ::shutdown(from_->number(), SHUT_RD);
    const std::scoped_lock lock(mutex_);
    gone_ = true;
    changed_.notify_all();
  }

private:
  struct Piece {
    Clock::time_point arrives;
    std::vector<char> bytes; // none: the end
  };

  bool send_all(const std::vector<char>& bytes) const {
    for (std::size_t sent = 0; sent < bytes.size();) {
      const auto count =
          ::send(to_->number(), bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
      if (count <= 0) return false;
      sent += static_cast<std::size_t>(count);
    }
    return true;
  }

  std::shared_ptr<Socket> from_, to_;
  Line& line_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Piece> pieces_;
  std::size_t held_ = 0; // bytes
  bool gone_ = false;
};

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void pass_on(int accepted, std::uint16_t server, Line& there, Line& back) {
  const auto client = std::make_shared<Socket>(accepted);
  const auto away = std::make_shared<Socket>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(server);
  if (::connect(away->number(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return;
  for (const auto& direction : {std::make_shared<Direction>(client, away, there),
                                std::make_shared<Direction>(away, client, back)}) {
    std::thread([direction] { direction->read_all(); }).detach();
    std::thread([direction] { direction->write_all(); }).detach();
  }
}

unsigned number(const char* text) {
  unsigned value = 0;
  const auto end = text + std::strlen(text);
  if (std::from_chars(text, end, value).ptr != end || value == 0) {
    std::fprintf(stderr, "relay: \"%s\" is no number above 0\n", text);
    std::exit(2);
  }
  return value;
}

} // namespace

int main(int count, char** arguments) {
  if (count != 5) {
    std::fputs("usage: relay LISTEN_PORT SERVER_PORT ROUND_TRIP_MS MEGABITS\n", stderr);
    return 2;
  }
  const auto listening = static_cast<std::uint16_t>(number(arguments[1]));
  const auto server = static_cast<std::uint16_t>(number(arguments[2]));
  const std::chrono::microseconds delay(number(arguments[3]) * 1000 / 2);
  const double bytes_a_second = number(arguments[4]) * 1e6 / 8;
  Line there(delay, bytes_a_second), back(delay, bytes_a_second);
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const auto address = loopback(listening);
  if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(listener, SOMAXCONN) != 0)
    fail("relay: listening");
  for (;;) {
    const int accepted = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (accepted < 0) fail("relay: accepting");
    pass_on(accepted, server, there, back);
  }
}
