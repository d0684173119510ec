// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/signals.hpp"

#include <pthread.h>
#include <unistd.h>

namespace intendance::core {

sigset_t block_stop_signals() {
  std::signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  return set;
}

StopOnSignal::StopOnSignal() {
  const auto signals = block_stop_signals();
  waiter_ = std::jthread([this, signals](std::stop_token done) {
    while (!done.stop_requested()) {
      int number = 0;
      sigwait(&signals, &number);
      if (done.stop_requested()) return; // woken by the destructor
      if (source_.stop_requested()) ::_exit(128 + number);
      source_.request_stop();
    }
  });
}

StopOnSignal::~StopOnSignal() {
  waiter_.request_stop();
  pthread_kill(waiter_.native_handle(), SIGINT);
}

} // namespace intendance::core
