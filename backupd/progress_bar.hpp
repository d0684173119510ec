// SPDX-License-Identifier: AGPL-3.0-or-later
// Shows how far a long work is: on a terminal by one line that is drawn over itself, elsewhere by a
// plain line from time to time.
#pragma once

#include "backupd/progress_line.hpp"
#include "core/command.hpp"

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <ostream>
#include <thread>

namespace intendance::backupd {

// Draws on stderr while it exists, from a thread of its own, and leaves nothing behind; nothing
// while the shell has the command in the background. When stderr is no terminal, or one that cannot
// move its cursor, lines are added to it instead, the first after `plain_pause`. With --json there
// is nothing of either. The log makes it step aside; whatever else is printed meanwhile goes
// through aside().
class ProgressBar {
public:
  explicit ProgressBar(const core::CommandContext& context,
                       std::chrono::milliseconds plain_pause = std::chrono::seconds(30));
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  WorkCounters* work() { return &work_; }
  // Erases the line for good.
  void finish();
  // Prints with the line erased. Any thread.
  void aside(const std::function<void()>& print);

private:
  using Show = void (ProgressBar::*)();
  void begin(Show show, std::chrono::milliseconds first, std::chrono::milliseconds pause);
  void draw();
  void add_line();
  void erase() noexcept;

  WorkCounters work_;
  std::ostream& err_;
  core::Language language_;
  PaceMeter meter_;
  std::mutex mutex_; // of the terminal and what is on it
  std::condition_variable_any tick_;
  bool drawn_ = false;
  std::jthread thread_; // none when nothing is shown
};

} // namespace intendance::backupd
