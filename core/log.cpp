// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/log.hpp"

#include "core/file.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>

namespace intendance::core::log {

namespace {

std::atomic<Level> threshold{Level::info};

std::string_view name_of(Level level) {
  switch (level) {
  case Level::error: return "error: ";
  case Level::warning: return "warning: ";
  case Level::notice:
  case Level::info: return "";
  case Level::debug: return "debug: ";
  }
  return "";
}

// A log line stays one line, whatever a file name or a server's answer holds.
std::string printable(std::string_view text) {
  std::string out;
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += character;
    }
  }
  return out;
}

std::string quoted(const std::string& value) {
  auto text = printable(value);
  const bool plain = !text.empty() && text.find_first_of(" \"=") == std::string::npos;
  if (plain) return text;
  std::string out = "\"";
  for (const char character : text) {
    if (character == '"') out += '\\';
    out += character;
  }
  return out + '"';
}

} // namespace

void set_level(Level least_severe) { threshold = least_severe; }

std::string format_line(std::string_view message, std::initializer_list<Field> fields) {
  auto line = printable(message);
  for (const auto& [key, value] : fields) line += fmt::format(" {}={}", key, quoted(value));
  return line;
}

void write(Level level, std::string_view message, std::initializer_list<Field> fields) {
  if (level > threshold.load()) return;
  // systemd sets JOURNAL_STREAM for what it connects to the journal.
  static const bool under_systemd = std::getenv("JOURNAL_STREAM") != nullptr;
  const auto prefix =
      under_systemd ? fmt::format("<{}>", static_cast<int>(level)) : std::string(name_of(level));
  const auto line = prefix + format_line(message, fields) + '\n';
  try {
    write_all(STDERR_FILENO, as_bytes(line)); // one write: lines of several threads don't mix
  } catch (const std::exception&) {
    // Nowhere is left to say that the log cannot be written.
  }
}

} // namespace intendance::core::log
