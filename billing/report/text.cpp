// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/columns.hpp"
#include "billing/report/render.hpp"
#include "billing/report/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Language;

constexpr std::size_t page = 80; // columns
// The widths of the table; amounts up to ten million dollars fit.
constexpr std::size_t name_column = 24;
constexpr std::size_t work_column = 13;
constexpr std::size_t amount_column = 15;

class TextReport {
public:
  TextReport(const MonthlyReport& report, Language language)
      : report_(report), words_(report_words(language)), language_(language) {}

  std::string render() {
    cover();
    one_minute();
    table();
    annex();
    return std::move(text_);
  }

private:
  void line(const std::string& content = "") { text_ += content + "\n"; }
  std::string money(Cents amount) const { return format_money(amount, language_); }
  std::string work(Minutes minutes) const { return format_work(minutes, language_); }
  const std::string& label(const CatalogueItem& item) const {
    const auto& label = language_ == Language::french ? item.label_french : item.label_english;
    return label.empty() ? item.name : label;
  }
  void fact(const char* name, const std::string& value) {
    auto lead = pad_right(name, 13);
    for (const auto& part : wrap(value, page - 13)) {
      line(lead + part);
      lead = std::string(13, ' ');
    }
  }

  void cover() {
    const auto& balance = report_.balance;
    const bool closed = report_.status == ReportStatus::closed;
    const auto title = std::string(words_.title) + " — " + month_title(report_.month, language_);
    const std::string status = closed ? words_.closed : words_.provisional;
    line(pad_right(title, page - columns(status)) + status);
    line(repeat("═", page));
    auto fund = balance.fund.name;
    if (!balance.fund.label.empty()) fund += ", " + balance.fund.label;
    if (!balance.fund.award.empty()) fund += " (" + balance.fund.award + ")";
    fact(words_.fund, fund);
    fact(words_.year,
         fmt::format(fmt::runtime(words_.year_days), long_day(balance.year.days.from, language_),
                     long_day(balance.year.days.to, language_)) +
             calendar());
    fact(words_.as_of, long_day(balance.as_of, language_));
    fact(words_.ledger, fmt::format(fmt::runtime(words_.ledger_entries), report_.head.entries));
    fact("", report_.head.hash);
    fact("", std::string(words_.unaudited) +
                 (closed ? "" : " " + std::string(words_.provisional_note)));
    line();
  }

  std::string calendar() const {
    const auto& name = report_.balance.fund.calendar;
    if (name == "grant") return " (" + std::string(words_.grant_year) + ")";
    if (name == "university") return " (" + std::string(words_.university_year) + ")";
    return "";
  }

  std::vector<std::string> one_minute_sentences() const {
    const auto& balance = report_.balance;
    std::vector<std::string> sentences;
    if (balance.budget) {
      auto sentence =
          fmt::format("{} {} · {} {} · {} {}", words_.budget, money(*balance.budget), words_.spent,
                      money(balance.spent()), words_.available, money(*balance.available()));
      // Whole hours: the exact minute would promise more than an estimate can.
      if (report_.affordable) {
        const Minutes hours{report_.affordable->count() / 60 * 60};
        if (hours > Minutes(0)) {
          sentence += ", " + fmt::format(fmt::runtime(words_.affordable), work(hours));
        }
      }
      sentences.push_back(sentence);
    } else {
      sentences.push_back(std::string(words_.no_budget) + " " + words_.spent + " " +
                          money(balance.spent()));
    }
    sentences.push_back("(" + std::string(basis_words(words_, balance.basis)) + ")");
    if (balance.overspent()) sentences.emplace_back(words_.overspent);
    sentences.push_back(fmt::format(fmt::runtime(words_.this_month), work(report_.month_work),
                                    money(report_.month_total.before_tax),
                                    money(report_.month_total.on(balance.basis))));
    return sentences;
  }

  void one_minute() {
    line("┌" + repeat("─", page - 2) + "┐");
    for (const auto& sentence : one_minute_sentences()) {
      for (const auto& part : wrap(sentence, page - 4)) {
        line("│ " + pad_right(part, page - 4) + " │");
      }
    }
    line("└" + repeat("─", page - 2) + "┘");
    line();
  }

  void row(const std::string& name, const std::string& month_work, const std::string& month_amount,
           const std::string& year_work, const std::string& year_amount) {
    // A blank in front: a value too wide for its column still stands apart from its neighbour.
    const auto cell = [](const std::string& text, std::size_t width) {
      return pad_left(" " + text, width);
    };
    line(pad_right(shorten(name, name_column), name_column) + cell(month_work, work_column) +
         cell(month_amount, amount_column) + cell(year_work, work_column) +
         cell(year_amount, amount_column));
  }
  void amounts(const std::string& name, Cents month, Cents year) {
    row(name, "", money(month), "", money(year));
  }

  void table() {
    line(words_.lines_title);
    line();
    if (report_.lines.empty()) {
      line(words_.nothing);
      line();
      return;
    }
    row("", "", words_.month_column, "", words_.year_column);
    row("", words_.work, words_.amount, words_.work, words_.amount);
    line(repeat("─", page));
    const ReportLine* previous = nullptr;
    for (const auto& each : report_.lines) {
      if (previous == nullptr || previous->service.name != each.service.name) {
        line(shorten(label(each.service), page));
      }
      row("  " + label(each.activity), work(each.month_work), money(each.month_amount),
          work(each.year_work), money(each.year_amount));
      previous = &each;
    }
    line(repeat("─", page));
    totals();
  }

  // The year's taxes, with the month's of the same rate beside them.
  void totals() {
    const auto& month = report_.month_total;
    const auto& year = report_.balance.total;
    row(words_.before_tax, work(report_.month_work), money(month.before_tax),
        work(report_.balance.work), money(year.before_tax));
    for (const auto& tax : year.taxes) {
      amounts(tax_label(tax.rate.name, language_) + " " + format_percent(tax.rate.parts, language_),
              same_tax(tax).tax, tax.tax);
    }
    amounts(words_.gross, month.gross(), year.gross());
    for (const auto& tax : year.taxes) {
      amounts(fmt::format(fmt::runtime(words_.rebate), tax_label(tax.rate.name, language_),
                          format_percent(tax.rate.rebate_parts, language_)),
              -same_tax(tax).rebate, -tax.rebate);
    }
    amounts(words_.net, month.net(), year.net());
    line();
    line(words_.estimate);
    line();
  }

  TaxAmount same_tax(const TaxAmount& wanted) const {
    for (const auto& tax : report_.month_total.taxes) {
      if (tax.rate == wanted.rate) return tax;
    }
    return {wanted.rate, Cents(0), Cents(0)};
  }

  void annex() {
    line(words_.annex);
    line(repeat("─", page));
    if (report_.entries.empty()) line(words_.no_entries);
    for (const auto& entry : report_.entries) {
      line(fmt::format("{}  {}", pad_right(entry_number(entry.number), 6),
                       core::format_date(entry.posted_on)) +
           pad_left(work(entry.work), 13) + pad_left(money(entry.amount), 15));
      for (const auto& part : wrap(entry_text(entry), page - 8)) line("        " + part);
    }
  }

  std::string entry_text(const Entry& entry) const {
    auto text = fmt::format("{} · {} · {} · {}", entry.service, activity_label(entry.activity),
                            entry.person, entry.description);
    const auto add = [&](const char* words, const std::string& value) {
      text += " · " + fmt::format(fmt::runtime(words), value);
    };
    if (entry.worked_on != entry.posted_on) {
      add(words_.done_on, core::format_date(entry.worked_on));
    }
    if (entry.reverses) add(words_.reverses, entry_number(*entry.reverses));
    if (entry.reversed_by) add(words_.reversed_by, entry_number(*entry.reversed_by));
    return text;
  }

  std::string activity_label(const std::string& name) const {
    for (const auto& each : report_.lines) {
      if (each.activity.name == name) return label(each.activity);
    }
    return name;
  }

  const MonthlyReport& report_;
  const ReportWords& words_;
  Language language_;
  std::string text_;
};

} // namespace

std::string render_text(const MonthlyReport& report, Language language) {
  return TextReport(report, language).render();
}

} // namespace intendance::billing
