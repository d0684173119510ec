// SPDX-License-Identifier: AGPL-3.0-or-later
// A connection to the system's D-Bus daemon.
#pragma once

#include "collectors/host/bus_message.hpp"
#include "core/file.hpp"

#include <chrono>
#include <filesystem>

namespace intendance::collectors {

// Calls methods and waits for their answers; signals that come between are passed over. One thread
// at a time. Throws Error that names the socket; after that it is of no use any more.
class SystemBus {
public:
  // Connects as this process's user. `patience` is how long the daemon may be silent, here and
  // later.
  SystemBus(const std::filesystem::path& socket, std::chrono::milliseconds patience);

  // Sends all calls before it reads the first answer, which costs two changes of process instead of
  // two for each. The answers, errors among them, in the order of the calls.
  std::vector<BusMessage> call(const std::vector<BusCall>& calls);
  // One call; throws Error that says what the error was.
  BusMessage call(const BusCall& call);

private:
  void authenticate();
  void send(std::string_view bytes);
  void receive();
  BusMessage next_message();

  std::string name_; // of the socket, for messages
  std::chrono::milliseconds patience_;
  core::FileDescriptor socket_;
  std::string received_; // and not yet read
  std::uint32_t serial_ = 0;
};

} // namespace intendance::collectors
