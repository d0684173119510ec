// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/progress_bar.hpp"

#include "core/file.hpp"
#include "core/log.hpp"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string_view>

namespace intendance::backupd {

namespace {

using std::chrono::milliseconds;

// What is done before anybody could read the line shows none.
constexpr milliseconds first_pause{200};
constexpr milliseconds pause{150};

constexpr std::size_t plain_columns = 79;

constexpr std::string_view erased = "\r\033[K";

bool is_drawn(const core::CommandContext& context) {
  const char* kind = std::getenv("TERM");
  return &context.err() == &std::cerr && ::isatty(STDERR_FILENO) == 1 &&
         std::string_view(kind != nullptr ? kind : "dumb") != "dumb";
}

std::size_t terminal_columns() {
  winsize size{};
  if (::ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

// Its output would fall into the shell's, or stop it.
bool is_in_background() {
  const auto foreground = ::tcgetpgrp(STDERR_FILENO);
  return foreground != -1 && foreground != ::getpgrp();
}

void write_to_terminal(std::string_view text) noexcept {
  try {
    core::write_all(STDERR_FILENO, core::as_bytes(text));
  } catch (const std::exception&) {
    // The terminal is gone; the work goes on.
  }
}

} // namespace

ProgressBar::ProgressBar(const core::CommandContext& context, milliseconds plain_pause)
    : err_(context.err()), language_(context.language()) {
  if (context.json()) return;
  if (!is_drawn(context)) {
    begin(&ProgressBar::add_line, plain_pause, plain_pause);
    return;
  }
  core::log::set_aside([this](const auto& print) { aside(print); });
  begin(&ProgressBar::draw, first_pause, pause);
}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::finish() {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  thread_.join();
  core::log::set_aside({});
  erase();
}

void ProgressBar::aside(const std::function<void()>& print) {
  const std::scoped_lock lock(mutex_);
  erase();
  print();
}

void ProgressBar::begin(Show show, milliseconds first, milliseconds each) {
  thread_ = std::jthread([this, show, first, each](std::stop_token stop) {
    std::unique_lock lock(mutex_);
    const auto stopped = [&] { return stop.stop_requested(); };
    try {
      for (auto next = first; !tick_.wait_for(lock, stop, next, stopped); next = each)
        (this->*show)();
    } catch (const std::exception&) { // the boundary of a thread: the work goes on without a line
    }
  });
}

void ProgressBar::add_line() {
  const auto view = work_.look();
  const auto pace = meter_.measure(view, std::chrono::steady_clock::now());
  err_ << render(view, pace, plain_columns, language_) << std::endl;
}

void ProgressBar::draw() {
  const auto view = work_.look();
  const auto pace = meter_.measure(view, std::chrono::steady_clock::now());
  if (is_in_background()) return;
  // The last column is left free: some terminals begin a new line when it is filled.
  const auto line = render(view, pace, terminal_columns() - 1, language_);
  write_to_terminal(std::string(erased) + line);
  drawn_ = true;
}

void ProgressBar::erase() noexcept {
  if (drawn_) write_to_terminal(erased);
  drawn_ = false;
}

} // namespace intendance::backupd
