// SPDX-License-Identifier: AGPL-3.0-or-later
// UTF-8 text in columns. A column is a code point, which holds for the letters and signs of French
// and English.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

std::size_t columns(std::string_view text);
std::string repeat(std::string_view sign, std::size_t times);
std::string pad_right(std::string_view text, std::size_t width);
std::string pad_left(std::string_view text, std::size_t width);
// The beginning and "…" when it is wider.
std::string shorten(std::string_view text, std::size_t width);
// Lines of at most `width` columns, broken at spaces (not at no-break ones) where there are any.
std::vector<std::string> wrap(std::string_view text, std::size_t width);

} // namespace intendance::billing
