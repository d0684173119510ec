// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/voice.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace intendance::billing {
namespace {

using Replacements = std::array<std::pair<std::string_view, std::string_view>, 7>;

constexpr Replacements french_signs = {{{"« ", "«\u00a0"},
                                        {" »", "\u00a0»"},
                                        {" :", "\u00a0:"},
                                        {" ;", "\u00a0;"},
                                        {" %", "\u00a0%"},
                                        {" $", "\u00a0$"},
                                        {"'", "\u2019"}}};

std::string with_minus(std::string text) {
  if (text.starts_with('-')) text.replace(0, 1, "\u2212");
  return text;
}

struct CellWords {
  const Voice& voice;
  std::string operator()(std::monostate) const { return ""; }
  std::string operator()(const std::string& text) const { return text; }
  std::string operator()(Cents amount) const { return voice.money(amount); }
  std::string operator()(Minutes work) const { return voice.work(work); }
  std::string operator()(Date day) const { return voice.day(day); }
  std::string operator()(Percent percent) const { return voice.percent(percent); }
  std::string operator()(std::int64_t count) const { return std::to_string(count); }
};

} // namespace

std::string french_typography(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const auto* sign = std::find_if(french_signs.begin(), french_signs.end(),
                                    [&](const auto& each) { return text.starts_with(each.first); });
    if (sign == french_signs.end()) {
      result += text.front();
      text.remove_prefix(1);
    } else {
      result += sign->second;
      text.remove_prefix(sign->first.size());
    }
  }
  return result;
}

std::string english_typography(std::string_view text) {
  std::string result;
  for (const char character : text) {
    if (character == '\'') {
      result += "\u2019";
    } else {
      result += character;
    }
  }
  return result;
}

std::string capitalised(std::string text) {
  const auto lower = [](char letter, char first, char last) {
    const auto code = static_cast<unsigned char>(letter);
    return code >= static_cast<unsigned char>(first) && code <= static_cast<unsigned char>(last);
  };
  constexpr int distance = 0x20; // between the cases, in ASCII and in Latin-1's letters of UTF-8
  if (!text.empty() && lower(text[0], 'a', 'z')) text[0] = static_cast<char>(text[0] - distance);
  if (text.size() > 1 && text[0] == '\xc3' && lower(text[1], '\xa0', '\xbe')) {
    text[1] = static_cast<char>(text[1] - distance);
  }
  return text;
}

std::string Voice::sentence(std::string_view words) const {
  return capitalised(french() ? french_typography(words) : english_typography(words)) + ".";
}

std::string Voice::money(Cents amount) const { return with_minus(format_money(amount, language_)); }

std::string Voice::dollars(Cents amount) const {
  auto text = money(Cents(proportion(amount.count(), 1, 100) * 100));
  const auto cents = text.find(french() ? ",00" : ".00");
  if (cents != std::string::npos) text.erase(cents, 3);
  return text;
}

std::string Voice::work(Minutes minutes) const {
  return with_minus(format_work(minutes, language_));
}

std::string Voice::percent(Percent percent) const {
  const bool negative = percent.thousandths < 0;
  return (negative ? "\u2212" : "") +
         format_percent(negative ? -percent.thousandths : percent.thousandths, language_);
}

std::string Voice::month_name(Month month) const {
  const auto text = short_day(days_of(month).from, language_); // "1 avr. 2026"
  const auto begin = text.find(' ') + 1;
  return text.substr(begin, text.rfind(' ') - begin);
}

std::string Voice::cell(const Cell& cell) const { return std::visit(CellWords{*this}, cell); }

std::string Voice::label(const CatalogueItem& item) const {
  const auto& label = french() ? item.label_french : item.label_english;
  return label.empty() ? item.name : label;
}

Percent share_of(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return {};
  // To a tenth of a percent: more would be noise.
  return {proportion(part, 1000, whole) * 100};
}

} // namespace intendance::billing
