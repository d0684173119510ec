// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/log.hpp"

#include "core/file.hpp"
#include "core/printable.hpp"
#include "core/synchronized.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <exception>

namespace intendance::core::log {

namespace {

std::atomic<Level> threshold{Level::info};

Synchronized<Aside>& aside_in_force() {
  static Synchronized<Aside> aside;
  return aside;
}

void write_line(const std::string& line) noexcept {
  try {
    write_all(STDERR_FILENO, as_bytes(line)); // one write: lines of several threads don't mix
  } catch (const std::exception&) {
    // Nowhere is left to say that the log cannot be written.
  }
}

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

void set_aside(Aside aside) { aside_in_force().set(std::move(aside)); }

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
  aside_in_force().with([&](const Aside& aside) {
    if (aside)
      aside([&] { write_line(line); });
    else
      write_line(line);
  });
}

} // namespace intendance::core::log
