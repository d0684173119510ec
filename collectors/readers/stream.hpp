// SPDX-License-Identifier: AGPL-3.0-or-later
// A connection by a Unix socket or TCP, for the protocols that no library of ours speaks.
#pragma once

#include "core/file.hpp"

#include <chrono>
#include <string>
#include <string_view>

namespace intendance::collectors {

// "/run/php/php8.2-fpm.sock" or "127.0.0.1:9000", "[::1]:9000". One thread at a time.
//
// Every call ends at the deadline, which is of the stream as a whole. Throws Error or AccessDenied
// that names the address; TransientError when nothing came in time or the other side is not there.
class Stream {
public:
  using Deadline = std::chrono::steady_clock::time_point;
  Stream(const std::string& address, Deadline deadline);

  // Throws Error when it is not an address as above.
  static void check_address(const std::string& address);

  void send(std::string_view bytes);
  // What has come, at least one byte; empty when the other side has closed.
  std::string receive();

private:
  void connect_unix();
  void connect_tcp();
  void finish_connecting();
  void wait(short events);

  std::string address_;
  Deadline deadline_;
  core::FileDescriptor socket_;
};

} // namespace intendance::collectors
