// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/text.hpp"

#include "core/error.hpp"

#include <charconv>
#include <cmath>

namespace intendance::collectors {

namespace {

// `options` are those of from_chars: a base or a format.
template <class Number, class... Options>
Number parse_whole(std::string_view word, std::string_view field, const char* kind,
                   Options... options) {
  Number value{};
  const auto result = std::from_chars(word.data(), word.data() + word.size(), value, options...);
  if (result.ec != std::errc{} || result.ptr != word.data() + word.size())
    throw core::CorruptData(std::string(field) + ": \"" + std::string(word.substr(0, 40)) +
                            "\" is not " + kind);
  return value;
}

} // namespace

std::optional<std::string_view> next_line(std::string_view& rest) {
  if (rest.empty()) return std::nullopt;
  const auto end = rest.find('\n');
  const auto line = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end + 1);
  return line;
}

std::string_view next_word(std::string_view& rest) {
  const auto first = rest.find_first_not_of(" \t");
  if (first == std::string_view::npos) {
    rest = {};
    return {};
  }
  const auto end = rest.find_first_of(" \t", first);
  const auto word = rest.substr(first, end == std::string_view::npos ? end : end - first);
  rest = end == std::string_view::npos ? std::string_view{} : rest.substr(end);
  return word;
}

std::uint64_t parse_count(std::string_view word, std::string_view field) {
  return parse_whole<std::uint64_t>(word, field, "a count");
}

std::int64_t parse_integer(std::string_view word, std::string_view field) {
  return parse_whole<std::int64_t>(word, field, "an integer");
}

std::uint64_t parse_hexadecimal(std::string_view word, std::string_view field) {
  return parse_whole<std::uint64_t>(word, field, "a hexadecimal number", 16);
}

double parse_decimal(std::string_view word, std::string_view field) {
  const auto value = parse_whole<double>(word, field, "a number");
  if (!std::isfinite(value)) throw core::CorruptData(std::string(field) + " is not finite");
  return value;
}

} // namespace intendance::collectors
