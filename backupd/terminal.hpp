// SPDX-License-Identifier: AGPL-3.0-or-later
// How amounts, counts and foreign names look on a terminal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace intendance::backupd {

std::string shown_bytes(std::uint64_t bytes);  // "61.2 GiB"
std::string shown_count(std::uint64_t number); // "182 410"
// Control characters of a foreign name must not reach the terminal: they are shown as \x1b.
std::string shown_path(const std::string& path);

// How many columns a terminal of UTF-8 gives to a text; what is no UTF-8, or would not show, counts
// as the \x1b that last_columns() makes of it.
std::size_t columns_of(std::string_view text);
// A name that fits so many columns: its end behind "…" when it is too long, nothing when not even
// that fits. What would not show becomes \x1b, marks that turn the direction of writing too.
std::string last_columns(std::string_view text, std::size_t most);

} // namespace intendance::backupd
