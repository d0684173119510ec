// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/render.hpp"

#include <algorithm>
#include <array>

namespace intendance::billing {
namespace {

// What makes a spreadsheet take a cell for a formula or a command (OWASP, "CSV Injection"), with
// the full-width forms that some of them fold to ASCII.
bool looks_like_formula(std::string_view text) {
  constexpr std::array<std::string_view, 10> openings = {
      "=", "+", "-", "@", "\t", "\r", "\uff1d", "\uff0b", "\uff0d", "\uff20"};
  return std::any_of(openings.begin(), openings.end(),
                     [&](std::string_view opening) { return text.starts_with(opening); });
}

// RFC 4180, section 2.
std::string quoted(const std::string& text) {
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string cell = "\"";
  for (const char character : text) {
    if (character == '"') cell += '"';
    cell += character;
  }
  return cell + '"';
}

std::string text_cell(const std::string& text) {
  return quoted(looks_like_formula(text) ? "'" + text : text);
}

std::string number_cell(const std::optional<std::int64_t>& number) {
  return number ? entry_number(*number) : "";
}

using Cells = std::vector<std::string>;

void add_row(std::string& text, const Cells& cells) {
  bool first = true;
  for (const auto& cell : cells) {
    if (!first) text += ',';
    text += cell;
    first = false;
  }
  text += "\r\n";
}

Cells cells_of(const Entry& entry) {
  return {entry_number(entry.number),
          core::format_date(entry.worked_on),
          core::format_date(entry.posted_on),
          text_cell(entry.fund),
          text_cell(entry.vendor),
          text_cell(entry.service),
          text_cell(entry.activity),
          text_cell(entry.person),
          text_cell(entry.description),
          std::to_string(entry.work.count()),
          format_decimal(entry.per_hour),
          format_decimal(entry.amount),
          number_cell(entry.reverses),
          number_cell(entry.reversed_by),
          entry.id,
          "entry",
          "services"};
}

Cells cells_of(const Charge& charge) {
  return {"",
          core::format_date(charge.due_on),
          core::format_date(charge.posted_on),
          text_cell(charge.fund.value_or("")),
          "",
          text_cell(charge.service),
          "",
          "",
          text_cell(charge.description),
          "",
          "",
          format_decimal(charge.amount),
          "",
          "",
          charge.cost,
          "charge",
          text_cell(charge.category)};
}

} // namespace

std::string render_csv(const MonthlyReport& report, core::Language) {
  std::string text =
      "number,worked_on,posted_on,fund,vendor,service,activity,person,description,"
      "minutes,dollars_per_hour,dollars_before_tax,reverses,reversed_by,entry_id,kind,category\r\n";
  for (const auto& entry : report.entries) add_row(text, cells_of(entry));
  for (const auto& charge : report.charges) add_row(text, cells_of(charge));
  return text;
}

} // namespace intendance::billing
