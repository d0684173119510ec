// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/invoices/lines.hpp"

#include "billing/imports/cells.hpp"
#include "billing/imports/headings.hpp"
#include "core/error.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Error;

const std::vector<ColumnRole>& roles() {
  static const std::vector<ColumnRole> all = {
      {"kind", {"kind", "type", "genre"}},
      {"service", {"service", "project", "projet"}},
      {"activity", {"activity", "activite"}},
      {"hours", {"hours", "heures", "quantity", "quantite"}},
      {"minutes", {"minutes"}},
      {"amount", {"amount", "montant", "total"}},
      {"description", {"description", "comment", "commentaire"}},
      {"day", {"day", "date", "jour"}},
      {"fund", {"fund", "fonds"}}};
  return all;
}

template <class Items>
std::string names_of(const Items& items) {
  std::string names;
  for (const auto& item : items) names += (names.empty() ? "" : " · ") + item.name;
  return names.empty() ? "none yet" : names;
}

std::optional<std::string> known_or_any(const std::string& text,
                                        const std::vector<CatalogueItem>& items, const char* kind) {
  if (text.empty()) return std::nullopt;
  for (const auto& item : items) {
    if (item.name == text || item.label_french == text || item.label_english == text)
      return item.name;
  }
  throw Error(fmt::format("there is no {} \"{}\"; there are: {}", kind, text, names_of(items)));
}

std::string fund_of(const std::string& text, const LineTerms& terms) {
  if (text.empty()) return terms.fund;
  for (const auto& fund : terms.funds) {
    if (fund.name == text) return text;
  }
  throw Error("there is no fund \"" + text + "\"; there are: " + names_of(terms.funds));
}

// Hours of a credit are negative, as its amount is.
Minutes signed_hours(std::string_view text) {
  text = trimmed(text);
  const bool negative = text.starts_with('-') || text.starts_with("\u2212");
  if (negative) text.remove_prefix(text.starts_with('-') ? 1 : std::string_view("\u2212").size());
  const auto work = parse_hours(text);
  return negative ? -work : work;
}

std::string text_of_line(std::string_view text) {
  const auto clean = trimmed(text);
  std::string line;
  for (const char character : clean) {
    line += static_cast<unsigned char>(character) < 0x20 ? ' ' : character;
  }
  return line;
}

void check_line(const InvoiceLine& line) {
  if (line.kind == LineKind::hours && (!line.work || *line.work == Minutes(0))) {
    throw Error("a line of hours needs its hours; what is neither hours nor a recorded cost is an "
                "adjustment");
  }
  if (line.kind == LineKind::adjustment && line.description.empty()) {
    throw Error("an adjustment says why, as in \"trimestre arrondi à l'heure\"");
  }
  if (line.work && (*line.work < Minutes(0)) != (line.amount < Cents(0)) &&
      line.amount != Cents(0)) {
    throw Error("the hours and the amount have different signs");
  }
}

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t from = 0; from <= text.size();) {
    const auto end = std::min(text.find(';', from), text.size());
    parts.emplace_back(trimmed(std::string_view(text).substr(from, end - from)));
    from = end + 1;
  }
  return parts;
}

class LineReader {
public:
  LineReader(const CsvTable& table, const LineTerms& terms, InputFaults& faults)
      : table_(table), terms_(terms), faults_(faults),
        headings_(table.heading, roles(), {}, faults) {}

  std::vector<InvoiceLine> read() {
    headings_.require({"amount"}, faults_);
    std::vector<InvoiceLine> lines;
    if (!faults_.empty()) return lines;
    std::optional<DayOrder> order;
    if (headings_.has("day")) {
      std::vector<std::string_view> days;
      for (const auto& row : table_.rows) days.emplace_back(headings_.cell(row, "day")->text);
      order = day_order_of(days);
    }
    for (const auto& row : table_.rows) {
      if (auto line = read_row(row, order)) {
        line->number = static_cast<int>(lines.size()) + 1;
        lines.push_back(std::move(*line));
      }
    }
    return lines;
  }

private:
  template <class Read>
  bool take(const CsvRow& row, std::string_view role, Read&& read) {
    return headings_.take(row, role, faults_, std::forward<Read>(read));
  }

  std::optional<InvoiceLine> read_row(const CsvRow& row, std::optional<DayOrder> order) {
    InvoiceLine line;
    const auto hours = headings_.text(row, "hours");
    const auto minutes = headings_.text(row, "minutes");
    const bool worked = !hours.empty() || !minutes.empty();
    bool good = take(row, "kind", [&](const std::string& text) {
      if (!text.empty()) {
        line.kind = parse_line_kind(folded(text) == "cout" ? "cost" : folded(text));
      } else if (!worked) {
        throw Error("say what kind of line this is: hours · cost · adjustment");
      }
    });
    good &= take(row, "service", [&](const std::string& text) {
      line.service = known_or_any(text, terms_.services, "service");
    });
    good &= take(row, "activity", [&](const std::string& text) {
      line.activity = known_or_any(text, terms_.activities, "activity");
    });
    good &= take(row, hours.empty() ? "minutes" : "hours", [&](const std::string& text) {
      if (line.kind == LineKind::hours && worked)
        line.work = signed_hours(hours.empty() ? text + " min" : text);
    });
    good &= take(row, "amount",
                 [&](const std::string& text) { line.amount = parse_signed_money(text); });
    good &= take(row, "day", [&](const std::string& text) {
      if (!text.empty()) line.worked_on = parse_day(text, order);
    });
    good &= take(row, "fund", [&](const std::string& text) { line.fund = fund_of(text, terms_); });
    line.description = text_of_line(headings_.text(row, "description"));
    good = good && take(row, "description", [&](const std::string&) { check_line(line); });
    if (!good) return std::nullopt;
    return line;
  }

  const CsvTable& table_;
  const LineTerms& terms_;
  InputFaults& faults_;
  Headings headings_;
};

} // namespace

Cents parse_signed_money(std::string_view text) {
  text = trimmed(text);
  for (const std::string_view sign : {"-", "\u2212"}) {
    if (text.starts_with(sign)) return -parse_money(text.substr(sign.size()));
  }
  return parse_money(text);
}

InvoiceLine parse_invoice_line(const std::string& text, const LineTerms& terms) {
  const auto parts = split(text);
  const auto fail = [&]() -> InvoiceLine {
    throw Error("\"" + text +
                "\" is not a line; allowed: hours;SERVICE;ACTIVITY;10h;1200.00[;WHAT[;DAY]] · "
                "cost;SERVICE;25.00;WHAT · adjustment;118.00;WHY");
  };
  InvoiceLine line;
  line.fund = terms.fund;
  line.kind = parse_line_kind(parts.front());
  switch (line.kind) {
  case LineKind::hours:
    if (parts.size() < 5 || parts.size() > 7) return fail();
    line.service = known_or_any(parts[1], terms.services, "service");
    line.activity = known_or_any(parts[2], terms.activities, "activity");
    line.work = signed_hours(parts[3]);
    line.amount = parse_signed_money(parts[4]);
    if (parts.size() > 5) line.description = text_of_line(parts[5]);
    if (parts.size() > 6) line.worked_on = core::parse_date(parts[6]);
    break;
  case LineKind::cost:
    if (parts.size() != 4) return fail();
    line.service = known_or_any(parts[1], terms.services, "service");
    line.amount = parse_signed_money(parts[2]);
    line.description = text_of_line(parts[3]);
    break;
  case LineKind::adjustment:
    if (parts.size() != 3) return fail();
    line.amount = parse_signed_money(parts[1]);
    line.description = text_of_line(parts[2]);
    break;
  }
  check_line(line);
  return line;
}

std::vector<InvoiceLine> read_invoice_lines(const CsvTable& table, const LineTerms& terms,
                                            InputFaults& faults) {
  try {
    return LineReader(table, terms, faults).read();
  } catch (const Error& error) {
    faults.add({}, "", error.what()); // days of two orders
    return {};
  }
}

} // namespace intendance::billing
