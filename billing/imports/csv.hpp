// SPDX-License-Identifier: AGPL-3.0-or-later
// Tables as spreadsheets and other programs write them (RFC 4180 and what is common beside it):
// UTF-8 with or without a mark, or Windows-1252, which holds Latin-1; commas, semicolons or tabs;
// quoted cells with line breaks. What a spreadsheet would take for a formula is text like any
// other.
#pragma once

#include "billing/imports/faults.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

enum class TextEncoding { utf8, windows_1252 };
std::string_view encoding_name(TextEncoding encoding); // "UTF-8"

struct DecodedText {
  std::string text; // UTF-8, without a mark
  TextEncoding encoding = TextEncoding::utf8;
};
// Throws Error that names the line for UTF-16, for NUL and for bytes that Windows-1252 leaves open.
DecodedText decode_text(std::string_view bytes);

struct CsvCell {
  std::string text; // without blanks around it
  Place place;
};
using CsvRow = std::vector<CsvCell>;

struct CsvTable {
  char separator = ',';
  CsvRow heading;
  std::vector<CsvRow> rows; // each as long as the heading; those without any text are left out
};

inline constexpr std::size_t most_csv_bytes = std::size_t{32} << 20;
inline constexpr std::size_t most_csv_rows = 200'000;

// Rows that are too long or too short, and quotes that do not end, are faults and not in the table.
CsvTable parse_csv(std::string_view text, InputFaults& faults);

// Without blanks at both ends, no-break ones included.
std::string_view trimmed(std::string_view text);

} // namespace intendance::billing
