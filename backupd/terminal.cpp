// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/terminal.hpp"

#include <fmt/format.h>

#include <array>
#include <ostream>

namespace intendance::backupd {

std::string shown_bytes(std::uint64_t bytes) {
  constexpr std::array<const char*, 6> units = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  for (; value >= 1024 && unit + 1 < units.size(); value /= 1024) ++unit;
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, units[unit]);
}

std::string shown_count(std::uint64_t number) {
  auto digits = std::to_string(number);
  for (auto at = static_cast<std::ptrdiff_t>(digits.size()) - 3; at > 0; at -= 3) {
    digits.insert(static_cast<std::size_t>(at), 1, ' ');
  }
  return digits;
}

std::string shown_path(const std::string& path) {
  std::string out;
  for (const char each : path) {
    const auto byte = static_cast<unsigned char>(each);
    if (byte < 0x20 || byte == 0x7f)
      out += fmt::format("\\x{:02x}", byte);
    else
      out += each;
  }
  return out;
}

ProgressLine::ProgressLine(const core::CommandContext& context)
    : context_(context), last_(std::chrono::steady_clock::now()) {}

ProgressLine::~ProgressLine() {
  if (drawn_) context_.out() << "\r\033[K" << std::flush;
}

bool ProgressLine::due() const {
  const auto pause =
      context_.terminal() ? std::chrono::milliseconds(200) : std::chrono::milliseconds(10'000);
  return !context_.json() && std::chrono::steady_clock::now() - last_ >= pause;
}

void ProgressLine::show(const std::string& text) {
  last_ = std::chrono::steady_clock::now();
  if (context_.terminal()) {
    drawn_ = true;
    context_.out() << "\r\033[K" << text << std::flush;
  } else {
    context_.out() << text << std::endl;
  }
}

} // namespace intendance::backupd
