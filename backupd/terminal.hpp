// SPDX-License-Identifier: AGPL-3.0-or-later
// How amounts and the progress of a long work look on a terminal.
#pragma once

#include "core/command.hpp"

#include <chrono>
#include <cstdint>
#include <string>

namespace intendance::backupd {

std::string shown_bytes(std::uint64_t bytes);  // "61.2 GiB"
std::string shown_count(std::uint64_t number); // "182 410"
// Control characters of a foreign name must not reach the terminal: they are shown as \x1b.
std::string shown_path(const std::string& path);

// One line that is drawn over itself on a terminal, five times a second at most; elsewhere a plain
// line every ten seconds.
class ProgressLine {
public:
  explicit ProgressLine(const core::CommandContext& context);
  ~ProgressLine(); // clears the line
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  void show(const std::string& text);
  bool due() const; // so that the text need not be made in vain

private:
  const core::CommandContext& context_;
  std::chrono::steady_clock::time_point last_;
  bool drawn_ = false;
};

} // namespace intendance::backupd
