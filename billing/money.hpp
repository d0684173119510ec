// SPDX-License-Identifier: AGPL-3.0-or-later
// Money in whole cents and work in whole minutes; no floating point. Arithmetic that would overflow
// throws Error.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace intendance::core {
enum class Language; // core/command.hpp
}

namespace intendance::billing {

// Sums and differences of one unit; units do not mix.
template <class Unit>
class Quantity {
public:
  constexpr Quantity() = default;
  constexpr explicit Quantity(std::int64_t count) : count_(count) {}
  constexpr std::int64_t count() const { return count_; }
  friend constexpr auto operator<=>(Quantity, Quantity) = default;
  friend Quantity operator+(Quantity left, Quantity right) {
    return Quantity(Unit::sum(left.count_, right.count_));
  }
  friend Quantity operator-(Quantity left, Quantity right) {
    return Quantity(Unit::difference(left.count_, right.count_));
  }
  Quantity operator-() const { return Quantity() - *this; }
  Quantity& operator+=(Quantity other) { return *this = *this + other; }

private:
  std::int64_t count_ = 0;
};

struct CheckedUnit {
  static std::int64_t sum(std::int64_t left, std::int64_t right);
  static std::int64_t difference(std::int64_t left, std::int64_t right);
};
struct CentUnit : CheckedUnit {};
struct MinuteUnit : CheckedUnit {};

using Cents = Quantity<CentUnit>;     // of a Canadian dollar
using Minutes = Quantity<MinuteUnit>; // of work

// `amount` × numerator ÷ denominator to the nearest whole; half rounds away from zero, so that what
// is taken back is exactly the opposite of what was charged. The denominator is positive.
std::int64_t proportion(std::int64_t amount, std::int64_t numerator, std::int64_t denominator);

Cents price(Minutes work, Cents per_hour);

// French: "1 234,56 $" with no-break spaces (U+00A0). English: "$1,234.56".
std::string format_money(Cents amount, core::Language language);
// For machines: "1234.56".
std::string format_decimal(Cents amount);
// French: "1 h 30", "45 min"; English: "1 h 30 min", "45 min". No-break spaces.
std::string format_work(Minutes work, core::Language language);
// A proportion in parts per 100 000, as a percentage: "9,975 %" or "9.975%".
std::string format_percent(std::int64_t parts_per_100000, core::Language language);

// "1h30", "1 h 30 min", "2h", "90m", "90min", "1.5h", "1,5 h". Exactly: what is not a whole number
// of minutes is refused with an Error, as are zero and signs.
Minutes parse_work(std::string_view text);

// Dollars: "24000", "24 000,00 $", "1234.56", "$1,234.56". Two decimals or none. Throws Error.
Cents parse_money(std::string_view text);

} // namespace intendance::billing
