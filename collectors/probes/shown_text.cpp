// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/shown_text.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

constexpr std::size_t longest_shown = 120; // bytes

// The bytes of the control character that `text` begins with: ASCII's, or one of U+0080 to U+009F,
// which a terminal obeys too. 0 when it is none.
std::size_t control_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  const bool high = byte(0) == 0xC2 && text.size() > 1 && byte(1) >= 0x80 && byte(1) < 0xA0;
  return high ? 2 : 0;
}

} // namespace

std::string shown_text(std::string_view text) {
  const bool cut = text.size() > longest_shown;
  if (cut) {
    // Not in the middle of a UTF-8 character.
    auto end = longest_shown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  std::string result;
  while (!text.empty()) {
    const auto control = control_length(text);
    result += control > 0 ? ' ' : text.front();
    text.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return cut ? result + "…" : result;
}

std::string first_line(std::string_view text) {
  const auto start = text.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return {};
  text.remove_prefix(start);
  return shown_text(text.substr(0, text.find_first_of("\r\n")));
}

} // namespace intendance::collectors
