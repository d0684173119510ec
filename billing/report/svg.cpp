// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/svg.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace intendance::billing {
namespace {

// Drawn in black on white; {} is the figure's name.
constexpr std::string_view patterns =
    "<defs>"
    "<pattern id=\"{0}-hatched\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"6\" height=\"6\" fill=\"#fff\"/>"
    "<path d=\"M-1 1l2-2M0 6l6-6M5 7l2-2\" stroke=\"#444\" stroke-width=\"1\"/></pattern>"
    "<pattern id=\"{0}-dotted\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"6\" height=\"6\" fill=\"#fff\"/>"
    "<circle cx=\"3\" cy=\"3\" r=\"1.3\" fill=\"#333\"/></pattern>"
    "<pattern id=\"{0}-crossed\" width=\"8\" height=\"8\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"8\" height=\"8\" fill=\"#fff\"/>"
    "<path d=\"M0 0l8 8M8 0l-8 8\" stroke=\"#333\" stroke-width=\"1\"/></pattern>"
    "<pattern id=\"{0}-striped\" width=\"4\" height=\"4\" patternUnits=\"userSpaceOnUse\">"
    "<rect width=\"4\" height=\"4\" fill=\"#fff\"/>"
    "<path d=\"M0 1h4\" stroke=\"#333\" stroke-width=\"1.5\"/></pattern>"
    "</defs>";

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

Svg::Svg(std::string name) : name_(std::move(name)) {
  text_ = fmt::format(fmt::runtime(patterns), name_);
}

std::string Svg::fill_of(Filling filling) const {
  switch (filling) {
  case Filling::solid: return "#1f3a5f";
  case Filling::light: return "#c9d3df";
  case Filling::white: return "#fff";
  case Filling::hatched: return "url(#" + name_ + "-hatched)";
  case Filling::dotted: return "url(#" + name_ + "-dotted)";
  case Filling::crossed: return "url(#" + name_ + "-crossed)";
  case Filling::striped: return "url(#" + name_ + "-striped)";
  }
  return "none";
}

void Svg::rectangle(Point corner, std::int64_t width, std::int64_t height, Filling filling) {
  text_ += fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\" "
                       "class=\"shape\"/>",
                       corner.x, corner.y, width, height, fill_of(filling));
}

void Svg::polygon(const std::vector<Point>& points, Filling filling) {
  text_ += fmt::format("<polygon points=\"{}\" fill=\"{}\" class=\"shape\"/>", list_of(points),
                       fill_of(filling));
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
