// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/columns.hpp"

namespace intendance::billing {
namespace {

bool begins_code_point(char byte) { return (static_cast<unsigned char>(byte) & 0xc0U) != 0x80U; }

// The longest beginning of at most `width` columns, in bytes.
std::size_t bytes_in(std::string_view text, std::size_t width) {
  std::size_t seen = 0;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (begins_code_point(text[index]) && ++seen > width) return index;
  }
  return text.size();
}

} // namespace

std::size_t columns(std::string_view text) {
  std::size_t count = 0;
  for (const char byte : text) count += begins_code_point(byte) ? 1 : 0;
  return count;
}

std::string repeat(std::string_view sign, std::size_t times) {
  std::string text;
  for (std::size_t count = 0; count < times; ++count) text += sign;
  return text;
}

std::string pad_right(std::string_view text, std::size_t width) {
  const auto used = columns(text);
  return std::string(text) + std::string(used < width ? width - used : 0, ' ');
}

std::string pad_left(std::string_view text, std::size_t width) {
  const auto used = columns(text);
  return std::string(used < width ? width - used : 0, ' ') + std::string(text);
}

std::string shorten(std::string_view text, std::size_t width) {
  if (columns(text) <= width) return std::string(text);
  return std::string(text.substr(0, bytes_in(text, width - 1))) + "…";
}

std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  while (columns(text) > width) {
    const auto most = bytes_in(text, width);
    // The space may be the first byte that no longer fits.
    auto end = text.rfind(' ', most);
    if (end == std::string_view::npos || end == 0) {
      lines.emplace_back(text.substr(0, most));
      text.remove_prefix(most);
      continue;
    }
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.emplace_back(text);
  return lines;
}

} // namespace intendance::billing
