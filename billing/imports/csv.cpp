// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/csv.hpp"

#include "core/error.hpp"
#include "core/utf8.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>

namespace intendance::billing {
namespace {

using core::Error;

// 0x80 to 0x9f of Windows-1252 (as the WHATWG's Encoding Standard lists them, its five open places
// left open); all above are Unicode's own.
constexpr std::array<char32_t, 32> windows_1252 = {
    0x20ac, 0,      0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
    0x2039, 0x0152, 0,      0x017d, 0,      0,      0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
    0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0,      0x017e, 0x0178};

void append_utf8(std::string& text, char32_t character) {
  const auto tail = [&](unsigned shift) {
    text += static_cast<char>(0x80 | ((character >> shift) & 0x3f));
  };
  if (character < 0x80) {
    text += static_cast<char>(character);
  } else if (character < 0x800) {
    text += static_cast<char>(0xc0 | (character >> 6));
    tail(0);
  } else {
    text += static_cast<char>(0xe0 | (character >> 12));
    tail(6);
    tail(0);
  }
}

std::size_t line_of(std::string_view bytes, std::size_t offset) {
  return 1 + static_cast<std::size_t>(std::count(
                 bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(offset), '\n'));
}

std::string from_windows_1252(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size() + bytes.size() / 8);
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    const auto byte = static_cast<std::uint8_t>(bytes[index]);
    char32_t character = byte;
    if (byte >= 0x80 && byte < 0xa0) character = windows_1252.at(byte - 0x80U);
    if (byte != 0 && character == 0) {
      throw Error(fmt::format("line {} holds the byte 0x{:02x}, which is neither UTF-8 nor "
                              "Windows-1252; save the file again as \"CSV UTF-8\"",
                              line_of(bytes, index), byte));
    }
    append_utf8(text, character);
  }
  return text;
}

// Walks over a text and knows where it is.
class Cursor {
public:
  explicit Cursor(std::string_view text) : text_(text) {}
  bool at_end() const { return offset_ == text_.size(); }
  char peek() const { return at_end() ? '\0' : text_[offset_]; }
  bool at_break() const { return !at_end() && (peek() == '\n' || peek() == '\r'); }
  Place place() const { return place_; }
  char take() {
    const char character = text_[offset_++];
    if (character == '\n' || (character == '\r' && peek() != '\n')) {
      ++place_.line;
      place_.column = 1;
    } else if ((static_cast<std::uint8_t>(character) & 0xc0) != 0x80) {
      ++place_.column;
    }
    return character;
  }
  void take_break() {
    if (take() == '\r' && peek() == '\n') take();
  }

private:
  std::string_view text_;
  std::size_t offset_ = 0;
  Place place_;
};

// The separator that stands most often in the first record, outside of quotes.
char guess_separator(std::string_view text) {
  constexpr std::array<char, 3> known = {',', ';', '\t'};
  std::array<std::size_t, known.size()> counts{};
  bool quoted = false;
  for (const char character : text) {
    if (character == '"') quoted = !quoted;
    if (quoted) continue;
    if (character == '\n' || character == '\r') break;
    const auto found = std::find(known.begin(), known.end(), character);
    if (found != known.end()) ++counts.at(static_cast<std::size_t>(found - known.begin()));
  }
  return known.at(
      static_cast<std::size_t>(std::max_element(counts.begin(), counts.end()) - counts.begin()));
}

class CsvReader {
public:
  CsvReader(std::string_view text, InputFaults& faults) : cursor_(text), faults_(faults) {}

  CsvTable table(char separator) {
    CsvTable table;
    table.separator = separator_ = separator;
    table.heading = record();
    while (!cursor_.at_end()) {
      const auto start = cursor_.place();
      auto row = record();
      if (std::all_of(row.begin(), row.end(),
                      [](const CsvCell& cell) { return cell.text.empty(); })) {
        continue;
      }
      if (row.size() != table.heading.size()) {
        faults_.add(start, "", wrong_length(row.size(), table.heading.size()));
        continue;
      }
      if (table.rows.size() == most_csv_rows) {
        faults_.add(start, "",
                    fmt::format("more than {} rows; hand the file over in parts, a month each",
                                most_csv_rows));
        break;
      }
      table.rows.push_back(std::move(row));
    }
    return table;
  }

  void skip_line() {
    while (!cursor_.at_end() && !cursor_.at_break()) cursor_.take();
    if (!cursor_.at_end()) cursor_.take_break();
  }

private:
  std::string wrong_length(std::size_t cells, std::size_t wanted) const {
    auto text = fmt::format("the row has {} cells, the heading {}", cells, wanted);
    if (cells > wanted && separator_ == ',') {
      text += "; a comma inside a cell (1,5) needs quotes around it, or semicolons between cells";
    }
    return text;
  }

  CsvRow record() {
    CsvRow row;
    while (true) {
      row.push_back(cell());
      if (cursor_.at_end()) return row;
      if (cursor_.at_break()) {
        cursor_.take_break();
        return row;
      }
      cursor_.take(); // the separator
    }
  }

  bool at_cell_end() const {
    return cursor_.at_end() || cursor_.at_break() || cursor_.peek() == separator_;
  }

  CsvCell cell() {
    CsvCell cell;
    cell.place = cursor_.place();
    if (cursor_.peek() == '"') {
      quoted(cell);
    } else {
      while (!at_cell_end()) cell.text += cursor_.take();
    }
    cell.text = std::string(trimmed(cell.text));
    return cell;
  }

  void quoted(CsvCell& cell) {
    cursor_.take();
    while (true) {
      if (cursor_.at_end()) {
        faults_.add(cell.place, "", "the quote that opens this cell is never closed");
        return;
      }
      const char character = cursor_.take();
      if (character != '"') {
        cell.text += character;
      } else if (cursor_.peek() == '"') {
        cell.text += cursor_.take();
      } else {
        break;
      }
    }
    const auto behind = cursor_.place();
    std::string rest;
    while (!at_cell_end()) rest += cursor_.take();
    if (!trimmed(rest).empty()) {
      faults_.add(behind, "",
                  "text behind a closing quote; a quote inside a quoted cell is doubled (\"\")");
    }
  }

  Cursor cursor_;
  InputFaults& faults_;
  char separator_ = ',';
};

} // namespace

std::string_view encoding_name(TextEncoding encoding) {
  return encoding == TextEncoding::utf8 ? "UTF-8" : "Windows-1252";
}

DecodedText decode_text(std::string_view bytes) {
  if (bytes.starts_with("\xff\xfe") || bytes.starts_with("\xfe\xff")) {
    throw Error("the file is UTF-16 (\"Unicode text\"); save it again as \"CSV UTF-8\"");
  }
  if (const auto nul = bytes.find('\0'); nul != std::string_view::npos) {
    throw Error(
        fmt::format("line {} holds a NUL byte: this is no text; save the table as \"CSV UTF-8\"",
                    line_of(bytes, nul)));
  }
  if (bytes.starts_with("\xef\xbb\xbf")) bytes.remove_prefix(3);
  if (core::is_utf8(bytes)) return {std::string(bytes), TextEncoding::utf8};
  return {from_windows_1252(bytes), TextEncoding::windows_1252};
}

CsvTable parse_csv(std::string_view text, InputFaults& faults) {
  CsvReader reader(text, faults);
  // Excel's own first line that names the separator.
  const bool named =
      text.starts_with("sep=") && text.size() > 5 && (text[5] == '\r' || text[5] == '\n');
  if (!named) return reader.table(guess_separator(text));
  reader.skip_line();
  return reader.table(text[4]);
}

std::string_view trimmed(std::string_view text) {
  constexpr std::array<std::string_view, 6> blanks = {" ", "\t", "\n", "\r", "\u00a0", "\u202f"};
  for (bool again = true; again;) {
    again = false;
    for (const auto blank : blanks) {
      if (text.starts_with(blank)) {
        text.remove_prefix(blank.size());
        again = true;
      }
      if (text.ends_with(blank)) {
        text.remove_suffix(blank.size());
        again = true;
      }
    }
  }
  return text;
}

} // namespace intendance::billing
