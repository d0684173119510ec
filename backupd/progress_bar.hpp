// SPDX-License-Identifier: AGPL-3.0-or-later
// One line on the terminal that shows how far a long work is, drawn over itself.
#pragma once

#include "backupd/progress_line.hpp"
#include "core/command.hpp"

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace intendance::backupd {

// Draws on stderr while it exists, from a thread of its own, and leaves nothing behind. Draws
// nothing when stderr is no terminal (or one that cannot move its cursor), with --json, and while
// the shell has the command in the background. The log makes it step aside; whatever else is
// printed meanwhile goes through aside().
class ProgressBar {
public:
  explicit ProgressBar(const core::CommandContext& context);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  WorkCounters* work() { return &work_; }
  // Erases the line for good.
  void finish();
  // Prints with the line erased. Any thread.
  void aside(const std::function<void()>& print);

private:
  void run(std::stop_token stop);
  void draw();
  void erase() noexcept;

  WorkCounters work_;
  core::Language language_;
  PaceMeter meter_;
  std::mutex mutex_; // of the terminal and what is on it
  std::condition_variable_any tick_;
  bool drawn_ = false;
  std::jthread thread_; // none when nothing is drawn
};

} // namespace intendance::backupd
