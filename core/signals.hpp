// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <csignal>
#include <stop_token>
#include <thread>

namespace intendance::core {

// Blocks SIGTERM and SIGINT for this thread and those it starts, and ignores SIGPIPE: a write to a
// closed connection is an error code, never a signal. Returns the set of the two.
sigset_t block_stop_signals();

// For a program that works and ends: the first SIGTERM or SIGINT requests a stop, the second ends
// the program at once. To be made before any thread.
class StopOnSignal {
public:
  StopOnSignal();
  ~StopOnSignal();
  StopOnSignal(const StopOnSignal&) = delete;
  StopOnSignal& operator=(const StopOnSignal&) = delete;
  std::stop_token token() const { return source_.get_token(); }

private:
  std::stop_source source_;
  std::jthread waiter_;
};

} // namespace intendance::core
