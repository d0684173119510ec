// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace intendance::test {

// Who a child runs as.
struct Account {
  uid_t user;
  gid_t group;
};

// A program that a test starts; it ends with the test, even when that crashes. What it says on
// stdout and stderr goes into one file.
class ChildProcess {
public:
  // Throws core::Error when the program cannot be started.
  ChildProcess(const std::vector<std::string>& arguments, const std::filesystem::path& output,
               std::optional<Account> account = std::nullopt);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess(); // SIGKILL to what still runs

  // Exit status, or 128 and the signal's number.
  int wait();
  void send(int signal);
  bool running();
  std::string output() const;

  // The rest of the first line of the output that holds `text`; throws core::Error with the output
  // when the program ends or the time is over before.
  std::string wait_for(const std::string& text,
                       std::chrono::seconds patience = std::chrono::seconds(20));

private:
  std::filesystem::path output_;
  pid_t pid_ = -1; // -1: ended and waited for
  int status_ = 0;
};

// Tries `condition` again until it holds; false when it did not in time. For what another process
// does at a moment of its own choosing.
template <class Condition>
bool eventually(Condition&& condition, std::chrono::seconds patience = std::chrono::seconds(20));

void pause_briefly();

template <class Condition>
bool eventually(Condition&& condition, std::chrono::seconds patience) {
  const auto end = std::chrono::steady_clock::now() + patience;
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    pause_briefly();
  }
  return true;
}

} // namespace intendance::test
