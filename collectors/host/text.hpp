// SPDX-License-Identifier: AGPL-3.0-or-later
// Cutting the kernel's texts into lines, words and numbers. The parsers built on it share one rule:
// lines and fields that they don't know are passed over, since kernels grow; what they do know and
// cannot read is CorruptData, so that the collector fails rather than shows a wrong figure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace intendance::collectors {

// Cuts the first line off `rest`; absent when nothing is left.
std::optional<std::string_view> next_line(std::string_view& rest);
// Cuts the first word off `rest`, words being separated by spaces and tabs; empty at the end.
std::string_view next_word(std::string_view& rest);

// Throw CorruptData that says which `field` is not what it should be.
std::uint64_t parse_count(std::string_view word, std::string_view field);
std::int64_t parse_integer(std::string_view word, std::string_view field);
std::uint64_t parse_hexadecimal(std::string_view word, std::string_view field);
double parse_decimal(std::string_view word, std::string_view field);

} // namespace intendance::collectors
