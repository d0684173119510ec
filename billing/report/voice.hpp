// SPDX-License-Identifier: AGPL-3.0-or-later
// Words, amounts and days of a report in one language, with the typography of fr-CA and en-CA.
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/money.hpp"
#include "billing/report/document.hpp"
#include "core/command.hpp"

#include <fmt/format.h>

#include <string>
#include <string_view>

namespace intendance::billing {

// No-break spaces where French wants them (inside « » and before : ; % $), and ’ for '.
std::string french_typography(std::string_view text);
std::string english_typography(std::string_view text);

// With a capital letter in front.
std::string capitalised(std::string text);

class Voice {
public:
  explicit Voice(core::Language language) : language_(language) {}
  core::Language language() const { return language_; }
  bool french() const { return language_ == core::Language::french; }

  std::string say(std::string_view french, std::string_view english) const {
    return this->french() ? french_typography(french) : english_typography(english);
  }
  // With {} for the values, in both.
  template <class... Values>
  std::string say(std::string_view french, std::string_view english,
                  const Values&... values) const {
    return fmt::format(fmt::runtime(say(french, english)), values...);
  }

  // Words that are in this language already, as a sentence of their own.
  std::string sentence(std::string_view words) const;

  std::string money(Cents amount) const;   // with a minus sign, not a hyphen
  std::string dollars(Cents amount) const; // to the nearest, for what is only estimated
  std::string work(Minutes minutes) const;
  std::string percent(Percent percent) const;
  std::string day(Date date) const { return short_day(date, language_); }
  std::string long_day(Date date) const { return billing::long_day(date, language_); }
  std::string month(Month month) const { return month_title(month, language_); }
  std::string month_name(Month month) const; // "avr.": for axes
  std::string cell(const Cell& cell) const;
  std::string label(const CatalogueItem& item) const;

private:
  core::Language language_;
};

// part ÷ whole; zero of nothing.
Percent share_of(std::int64_t part, std::int64_t whole);

} // namespace intendance::billing
