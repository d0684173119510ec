// SPDX-License-Identifier: AGPL-3.0-or-later
// A report in one language as headings, sentences, tables and figures, before anybody decides how
// they look. HTML and XLSX are rendered from it, and what other rooms say of a month is handed in
// as such sections.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"

#include <string>
#include <variant>
#include <vector>

namespace intendance::billing {

struct Percent {
  std::int64_t thousandths = 0; // of a percent: 9.975 % is 9975
};

// Nothing, words, or a value that a spreadsheet can count with.
using Cell = std::variant<std::monostate, std::string, Cents, Minutes, Date, Percent, std::int64_t>;

enum class RowKind { plain, total };
struct Row {
  std::vector<Cell> cells; // the first names the row
  RowKind kind = RowKind::plain;
};

struct Table {
  std::string caption;
  std::vector<std::string> columns;
  std::vector<Row> rows;
};

// Drawn by us, without anything outside of it; `alternative` says in words what it shows.
struct Figure {
  std::string name; // "waterfall": unique in the report, a word
  std::string title;
  std::string alternative;
  std::string svg; // the children of an <svg> element of these sizes
  int width = 0;
  int height = 0;
  Table data;
};

struct Paragraph {
  std::string text;
};
struct Note { // in smaller print
  std::string text;
};
struct Bullets {
  std::vector<std::string> items;
};
// Room for somebody to write by hand: a line for each of these.
struct Blanks {
  std::vector<std::string> labels;
};

using Block = std::variant<Paragraph, Note, Bullets, Table, Figure, Blanks>;

struct Section {
  std::string name; // "reconciliation": unique in the report, a word
  std::string title;
  std::vector<Block> blocks;
};

// What must be seen first. Colour is never the only sign: `sentence` says it.
enum class Light { green, amber, red };
struct OneMinuteBox {
  Light light = Light::green;
  std::string headline; // of which month, fund and year
  struct Figure {
    std::string name;
    std::string value;
  };
  std::vector<Figure> figures;
  std::string basis;
  std::string sentence; // how it stands, with the reason
  std::vector<std::string> reasons;
  std::string decisions_title;
  std::vector<std::string> decisions; // with their days
};

struct ReportDocument {
  std::string language; // "fr-CA"
  std::string title;
  std::string footer;  // of each printed page, beside its number
  std::string created; // "2026-11-03"
  std::string status;
  std::vector<std::pair<std::string, std::string>> cover; // names and what they are
  std::string cover_note;
  OneMinuteBox box;
  std::string contents_title;
  std::vector<Section> sections;
};

} // namespace intendance::billing
