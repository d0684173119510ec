// SPDX-License-Identifier: AGPL-3.0-or-later
// One line an event on stderr: systemd's <N> level prefix under systemd, plain text on a terminal,
// with a tail of key=value pairs. Rooms below a boundary throw; the boundary logs, once.
#pragma once

#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace intendance::core::log {

enum class Level { error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

// A value is quoted when it holds a space, a quote or a control character.
using Field = std::pair<std::string_view, std::string>;

void set_level(Level least_severe);

// Something else is drawn on the terminal meanwhile, and makes room while a line is printed. An
// empty one ends that; when it has returned, no line is being printed by the one before.
using Aside = std::function<void(const std::function<void()>& print)>;
void set_aside(Aside aside);

void write(Level level, std::string_view message, std::initializer_list<Field> fields = {});

inline void error(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::error, message, fields);
}
// A warning says what happens next: "…, skipping".
inline void warning(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::warning, message, fields);
}
inline void info(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::info, message, fields);
}
inline void debug(std::string_view message, std::initializer_list<Field> fields = {}) {
  write(Level::debug, message, fields);
}

// The line as it is written, without prefix and newline; for tests.
std::string format_line(std::string_view message, std::initializer_list<Field> fields);

} // namespace intendance::core::log
