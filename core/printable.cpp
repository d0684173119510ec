// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/printable.hpp"

#include <fmt/format.h>

namespace intendance::core {

namespace {

// U+0080 to U+009F are C2 80 to C2 9F. A byte of that range elsewhere is a part of a character.
bool is_upper_control(std::string_view text, std::size_t at) {
  if (text[at] != '\xc2' || at + 1 == text.size()) return false;
  const auto next = static_cast<unsigned char>(text[at + 1]);
  return next >= 0x80 && next < 0xa0;
}

} // namespace

std::string printable(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto byte = static_cast<unsigned char>(text[at]);
    if (is_upper_control(text, at)) {
      const auto next = static_cast<unsigned char>(text[++at]);
      out += fmt::format("\\x{:02x}\\x{:02x}", byte, next);
    } else if (byte < 0x20 || byte == 0x7f) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += text[at];
    }
  }
  return out;
}

} // namespace intendance::core
