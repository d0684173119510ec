// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace intendance::billing {
namespace {

constexpr std::array<Filling, 7> in_order = {Filling::solid,  Filling::hatched, Filling::light,
                                             Filling::dotted, Filling::crossed, Filling::striped,
                                             Filling::white};

std::string list_of(const std::vector<Point>& points) {
  std::string list;
  for (const auto& point : points) {
    list += fmt::format("{}{},{}", list.empty() ? "" : " ", point.x, point.y);
  }
  return list;
}

// 1, 2 or 5 times a power of ten dollars, of which about five make up the range.
Cents step_of(Cents range) {
  std::int64_t step = 100;
  while (true) {
    for (const std::int64_t factor : {1, 2, 5}) {
      if (range.count() <= step * factor * 6) return Cents(step * factor);
    }
    step *= 10;
  }
}

struct Box {
  Point from, to;
};

Box box_around(const std::vector<Point>& points) {
  Box box{points.front(), points.front()};
  for (const auto& point : points) {
    box.from = {std::min(box.from.x, point.x), std::min(box.from.y, point.y)};
    box.to = {std::max(box.to.x, point.x), std::max(box.to.y, point.y)};
  }
  return box;
}

// The first multiple of `step` that is not before `from`.
std::int64_t first_of(std::int64_t from, std::int64_t step) {
  return (from + step - 1) / step * step;
}

std::string stroke_from_to(std::int64_t x, std::int64_t y, std::int64_t to_x, std::int64_t to_y) {
  return fmt::format("M{} {}L{} {}", x, y, to_x, to_y);
}

// Lines to the right and upwards, where x + y is a multiple of `step`.
std::string rising(const Box& box, std::int64_t step) {
  std::string path;
  for (auto sum = first_of(box.from.x + box.from.y, step); sum <= box.to.x + box.to.y;
       sum += step) {
    const auto left = std::max(box.from.x, sum - box.to.y);
    const auto right = std::min(box.to.x, sum - box.from.y);
    path += stroke_from_to(left, sum - left, right, sum - right);
  }
  return path;
}

// Downwards, where y - x is a multiple.
std::string falling(const Box& box, std::int64_t step) {
  std::string path;
  const auto height = box.to.y; // keeps first_of() away from negative numbers
  const Box mirrored{{box.from.x, height - box.to.y}, {box.to.x, height - box.from.y}};
  for (auto sum = first_of(mirrored.from.x + mirrored.from.y, step);
       sum <= mirrored.to.x + mirrored.to.y; sum += step) {
    const auto left = std::max(mirrored.from.x, sum - mirrored.to.y);
    const auto right = std::min(mirrored.to.x, sum - mirrored.from.y);
    path += stroke_from_to(left, height - (sum - left), right, height - (sum - right));
  }
  return path;
}

// Strokes of no length, which round ends make dots.
std::string dots(const Box& box, std::int64_t step) {
  std::string path;
  for (auto y = first_of(box.from.y + 2, step); y <= box.to.y - 2; y += step) {
    for (auto x = first_of(box.from.x + 2, step); x <= box.to.x - 2; x += step)
      path += fmt::format("M{} {}h0", x, y);
  }
  return path;
}

std::string stripes(const Box& box, std::int64_t step) {
  std::string path;
  for (auto y = first_of(box.from.y + 1, step); y < box.to.y; y += step)
    path += stroke_from_to(box.from.x, y, box.to.x, y);
  return path;
}

// Strokes across the box; empty for what is one colour. Not SVG's patterns: printed, each of these
// takes a second and a megabyte.
std::string texture(Filling filling, const Box& box) {
  switch (filling) {
  case Filling::hatched: return rising(box, 6);
  case Filling::crossed: return rising(box, 8) + falling(box, 8);
  case Filling::dotted: return dots(box, 6);
  case Filling::striped: return stripes(box, 4);
  case Filling::solid:
  case Filling::light:
  case Filling::white: break;
  }
  return "";
}

std::string_view texture_class(Filling filling) {
  return filling == Filling::dotted ? "dots" : "strokes";
}

std::string_view colour_of(Filling filling) {
  switch (filling) {
  case Filling::solid: return "#1f3a5f";
  case Filling::light: return "#c9d3df";
  default: return "#fff"; // under the strokes
  }
}

} // namespace

std::string escape_markup(std::string_view text) {
  std::string escaped;
  for (const char character : text) {
    switch (character) {
    case '&': escaped += "&amp;"; break;
    case '<': escaped += "&lt;"; break;
    case '>': escaped += "&gt;"; break;
    case '"': escaped += "&quot;"; break;
    default: escaped += character;
    }
  }
  return escaped;
}

Filling nth_filling(std::size_t index) { return in_order[index % in_order.size()]; }

void Svg::rectangle(Point corner, std::int64_t width, std::int64_t height, Filling filling) {
  text_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" "
                       "class=\"shape\"/>",
                       corner.x, corner.y, width, height, colour_of(filling));
  const Box box{corner, {corner.x + width, corner.y + height}};
  if (const auto path = texture(filling, box); !path.empty())
    text_ += fmt::format("<path d=\"{}\" class=\"{}\"/>", path, texture_class(filling));
}

void Svg::polygon(const std::vector<Point>& points, Filling filling) {
  const auto shape = fmt::format("<polygon points=\"{}\"", list_of(points));
  text_ += fmt::format("{} fill=\"{}\" class=\"shape\"/>", shape, colour_of(filling));
  const auto path = texture(filling, box_around(points));
  if (path.empty()) return;
  const auto clip = fmt::format("{}-{}", name_, ++clips_);
  text_ += fmt::format("<clipPath id=\"{0}\">{1}/></clipPath>"
                       "<path d=\"{2}\" class=\"{3}\" clip-path=\"url(#{0})\"/>",
                       clip, shape, path, texture_class(filling));
}

void Svg::line(const std::vector<Point>& points, std::string_view style) {
  text_ += fmt::format("<polyline points=\"{}\" class=\"{}\"/>", list_of(points), style);
}

void Svg::dot(Point centre) {
  text_ += fmt::format("<circle cx=\"{}\" cy=\"{}\" r=\"3\" class=\"dot\"/>", centre.x, centre.y);
}

void Svg::text(Point at, Anchor anchor, std::string_view words, std::string_view style) {
  constexpr std::array<std::string_view, 3> anchors = {"start", "middle", "end"};
  text_ +=
      fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\"{}>{}</text>", at.x, at.y,
                  anchors.at(static_cast<std::size_t>(anchor)),
                  style.empty() ? "" : fmt::format(" class=\"{}\"", style), escape_markup(words));
}

MoneyScale::MoneyScale(Cents lowest, Cents highest, std::int64_t top, std::int64_t bottom)
    : top_(top), bottom_(bottom) {
  lowest = std::min(lowest, Cents(0));
  highest = std::max(highest, lowest + Cents(100));
  const auto step = step_of(highest - lowest);
  Cents mark;
  while (mark > lowest) mark = mark - step;
  while (true) {
    marks_.push_back(mark);
    if (mark >= highest) break;
    mark += step;
  }
}

std::int64_t MoneyScale::place(Cents amount) const {
  const auto range = marks_.back() - marks_.front();
  return bottom_ - proportion((amount - marks_.front()).count(), bottom_ - top_, range.count());
}

} // namespace intendance::billing
