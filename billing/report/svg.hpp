// SPDX-License-Identifier: AGPL-3.0-or-later
// The little of SVG 1.1 that the report's figures need. Coordinates are whole numbers. Every shape
// can be told from its neighbours in black and white.
#pragma once

#include "billing/money.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intendance::billing {

// For text and for attribute values, in HTML and XML.
std::string escape_markup(std::string_view text);

struct Point {
  std::int64_t x = 0;
  std::int64_t y = 0;
};

// Fillings in the order in which they are told apart best.
enum class Filling { solid, hatched, light, dotted, crossed, striped, white };
Filling nth_filling(std::size_t index);

enum class Anchor { start, middle, end };

class Svg {
public:
  // `name` keeps what several figures of one page refer to apart.
  explicit Svg(std::string name) : name_(std::move(name)) {}

  void rectangle(Point corner, std::int64_t width, std::int64_t height, Filling filling);
  void polygon(const std::vector<Point>& points, Filling filling);
  // `style`: a class of the style sheet: "axis", "grid", "actual", "plan", "forecast", "budget".
  void line(const std::vector<Point>& points, std::string_view style);
  void dot(Point centre);
  void text(Point at, Anchor anchor, std::string_view words, std::string_view style = "");
  std::string finish() const { return text_; }

private:
  std::string name_;
  int clips_ = 0;
  std::string text_;
};

// From amounts to places on a vertical axis with round marks.
class MoneyScale {
public:
  // Includes zero. `top` and `bottom` are the axis' ends on the page.
  MoneyScale(Cents lowest, Cents highest, std::int64_t top, std::int64_t bottom);
  std::int64_t place(Cents amount) const;
  const std::vector<Cents>& marks() const { return marks_; }

private:
  std::vector<Cents> marks_;
  std::int64_t top_;
  std::int64_t bottom_;
};

} // namespace intendance::billing
