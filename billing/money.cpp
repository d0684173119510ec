// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/money.hpp"

#include "core/command.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <limits>

namespace intendance::billing {
namespace {

constexpr const char* no_break_space = "\u00a0";

[[noreturn]] void throw_overflow() {
  throw core::Error("an amount is too large to be counted exactly; check the figures");
}

// The magnitude of any int64, the least one included.
std::uint64_t magnitude(std::int64_t value) {
  return value < 0 ? ~static_cast<std::uint64_t>(value) + 1 : static_cast<std::uint64_t>(value);
}

std::string grouped(std::uint64_t whole, std::string_view separator) {
  const auto digits = std::to_string(whole);
  std::string text;
  for (std::size_t index = 0; index < digits.size(); ++index) {
    if (index > 0 && (digits.size() - index) % 3 == 0) text += separator;
    text += digits[index];
  }
  return text;
}

} // namespace

std::int64_t CheckedUnit::sum(std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  if (__builtin_add_overflow(left, right, &result)) throw_overflow();
  return result;
}

std::int64_t CheckedUnit::difference(std::int64_t left, std::int64_t right) {
  std::int64_t result = 0;
  if (__builtin_sub_overflow(left, right, &result)) throw_overflow();
  return result;
}

std::int64_t proportion(std::int64_t amount, std::int64_t numerator, std::int64_t denominator) {
  __extension__ using Wide = __int128;
  if (denominator <= 0) throw core::Error("a proportion needs a denominator above zero");
  const Wide product = static_cast<Wide>(amount) * numerator;
  const Wide positive = product < 0 ? -product : product;
  // For an odd denominator no product lies on a half, and the truncated bias is exact too.
  const Wide rounded = (positive + denominator / 2) / denominator;
  const Wide result = product < 0 ? -rounded : rounded;
  if (result > std::numeric_limits<std::int64_t>::max() ||
      result < std::numeric_limits<std::int64_t>::min()) {
    throw_overflow();
  }
  return static_cast<std::int64_t>(result);
}

Cents price(Minutes work, Cents per_hour) {
  return Cents(proportion(work.count(), per_hour.count(), 60));
}

std::string format_money(Cents amount, core::Language language) {
  const auto cents = magnitude(amount.count());
  const char* sign = amount.count() < 0 ? "-" : "";
  if (language == core::Language::french) {
    return fmt::format("{}{},{:02}{}$", sign, grouped(cents / 100, no_break_space), cents % 100,
                       no_break_space);
  }
  return fmt::format("{}${}.{:02}", sign, grouped(cents / 100, ","), cents % 100);
}

std::string format_decimal(Cents amount) {
  const auto cents = magnitude(amount.count());
  return fmt::format("{}{}.{:02}", amount.count() < 0 ? "-" : "", cents / 100, cents % 100);
}

std::string format_work(Minutes work, core::Language language) {
  const auto total = magnitude(work.count());
  const auto hours = total / 60;
  const auto minutes = total % 60;
  std::string text = work.count() < 0 ? "-" : "";
  if (hours == 0) return text + fmt::format("{}{}min", minutes, no_break_space);
  const bool french = language == core::Language::french;
  text += fmt::format("{}{}h", grouped(hours, french ? no_break_space : ","), no_break_space);
  if (minutes == 0) return text;
  text += fmt::format("{}{:02}", no_break_space, minutes);
  return french ? text : text + fmt::format("{}min", no_break_space);
}

std::string format_percent(std::int64_t parts_per_100000, core::Language language) {
  auto text = fmt::format("{}.{:03}", parts_per_100000 / 1000, parts_per_100000 % 1000);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  if (language == core::Language::english) return text + "%";
  if (const auto point = text.find('.'); point != std::string::npos) text[point] = ',';
  return text + no_break_space + "%";
}

} // namespace intendance::billing
