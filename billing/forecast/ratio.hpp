// SPDX-License-Identifier: AGPL-3.0-or-later
// Fixed-point arithmetic for the forecast: whole numbers alone, so that every machine and compiler
// gives the same cents (docs/decisions/0007). What would overflow throws Error.
#pragma once

#include "billing/money.hpp"

#include <compare>
#include <cstdint>

namespace intendance::billing {

// A number without a unit, in millionths: weights, seasons, probabilities, squares of these.
class Ratio {
public:
  static constexpr std::int64_t scale = 1'000'000;

  constexpr Ratio() = default;
  static constexpr Ratio millionths(std::int64_t count) { return Ratio(count); }
  static constexpr Ratio whole(std::int64_t number) { return Ratio(number * scale); }
  static constexpr Ratio percent(std::int64_t number) { return Ratio(number * scale / 100); }
  // part ÷ whole, which is above zero.
  static Ratio of(std::int64_t part, std::int64_t whole) {
    return Ratio(proportion(part, scale, whole));
  }

  constexpr std::int64_t in_millionths() const { return count_; }
  std::int64_t in_percent() const { return proportion(count_, 100, scale); } // rounded

  friend constexpr auto operator<=>(Ratio, Ratio) = default;
  friend Ratio operator+(Ratio left, Ratio right) {
    return Ratio(CheckedUnit::sum(left.count_, right.count_));
  }
  friend Ratio operator-(Ratio left, Ratio right) {
    return Ratio(CheckedUnit::difference(left.count_, right.count_));
  }
  friend Ratio operator*(Ratio left, Ratio right) {
    return Ratio(proportion(left.count_, right.count_, scale));
  }
  // The divisor is above zero.
  friend Ratio operator/(Ratio left, Ratio right) { return of(left.count_, right.count_); }
  Ratio& operator+=(Ratio other) { return *this = *this + other; }

private:
  constexpr explicit Ratio(std::int64_t count) : count_(count) {}
  std::int64_t count_ = 0;
};

Ratio square(Ratio ratio);
Ratio square_root(Ratio ratio); // of zero for what is below zero

// The standard normal quantile of a probability, within 0.03, and no further out than those of
// 0.5 % and 99.5 %.
Ratio normal_quantile(Ratio probability);

// Amounts on their way, in thousandths of a cent: rounded to cents once, at the end.
struct FineUnit : CheckedUnit {};
using Fine = Quantity<FineUnit>;

Fine fine(Cents amount);
Cents to_cents(Fine amount); // half a cent away from zero
Fine operator*(Fine amount, Ratio ratio);
Ratio operator/(Fine part, Fine whole); // the whole is above zero

} // namespace intendance::billing
