// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/file.hpp"

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>

namespace intendance::storage {

// A TCP connection through which a library speaks that waits without end: when a call takes too
// long, or when it is asked to stop, the connection is cut, and the call returns with an error. A
// thread of its own watches. One thread at a time uses it.
class WatchedSocket {
public:
  // Connects to the first of the host's addresses that answers. Throws TransientError, or Cancelled
  // soon after `stop`; only a name server that is slow to answer keeps both waiting.
  WatchedSocket(const std::string& host, std::uint16_t port, std::chrono::milliseconds patience,
                std::stop_token stop);
  WatchedSocket(const WatchedSocket&) = delete;
  WatchedSocket& operator=(const WatchedSocket&) = delete;
  ~WatchedSocket();

  // Non-blocking; stays ours.
  int descriptor() const { return socket_.get(); }

  // While it lives, the connection is cut when `patience` is over.
  class Period {
  public:
    Period(WatchedSocket& socket, std::chrono::milliseconds patience) noexcept;
    Period(const Period&) = delete;
    Period& operator=(const Period&) = delete;
    ~Period();

  private:
    WatchedSocket& socket_;
  };

  // For ever: whatever is said through it from now on fails at once.
  void cut() noexcept;
  bool expired() const { return expired_; }
  bool stopped() const { return stop_.stop_requested(); }

private:
  using Clock = std::chrono::steady_clock;

  void begin(Clock::time_point deadline) noexcept;
  void watch(const std::stop_token& done);

  const core::FileDescriptor socket_;
  const std::stop_token stop_;
  std::atomic<bool> expired_ = false;
  std::mutex mutex_; // guards the two below
  Clock::time_point deadline_ = Clock::time_point::max();
  Clock::time_point wakes_{}; // when the thread looks again
  std::condition_variable_any changed_;
  std::optional<std::stop_callback<std::function<void()>>> on_stop_;
  std::jthread thread_;
};

} // namespace intendance::storage
