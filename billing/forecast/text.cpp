// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/render.hpp"
#include "billing/report/columns.hpp"
#include "billing/report/words.hpp"

#include <fmt/format.h>

namespace intendance::billing {
namespace {

using core::Language;

constexpr std::size_t page = 80; // columns
constexpr std::size_t name_column = 20;
constexpr std::size_t amount_column = 15;

class ForecastText {
public:
  ForecastText(const FundForecast& fund, Language language)
      : fund_(fund), forecast_(fund.forecast), language_(language) {}

  std::string render() {
    head();
    figures();
    reasons(say("pourquoi ce coût", "why this cost"), forecast_.cost_reasons);
    reasons(say("pourquoi cet avis", "why this verdict"), forecast_.budget_reasons);
    return std::move(text_);
  }

private:
  const char* say(const char* french, const char* english) const {
    return language_ == Language::french ? french : english;
  }
  std::string money(Cents amount) const { return format_money(amount, language_); }
  std::string day(Date date) const { return short_day(date, language_); }
  void line(const std::string& content = "") { text_ += content + "\n"; }

  void fact(const char* name, const std::string& value) {
    auto lead = "  " + pad_right(name, name_column);
    for (const auto& part : wrap(value, page - name_column - 2)) {
      line(lead + part);
      lead = std::string(name_column + 2, ' ');
    }
  }
  void amount(const char* name, Cents value, const std::string& more = "") {
    fact(name, pad_left(money(value), amount_column) + (more.empty() ? "" : "   " + more));
  }

  const char* verdict() const {
    switch (forecast_.verdict) {
    case Verdict::no_budget: return say("Aucun budget n'est inscrit.", "No budget is recorded.");
    case Verdict::lasts: return say("Le budget suffit.", "The budget lasts.");
    case Verdict::underspent:
      return say("Le budget suffit, et une part restera inutilisée.",
                 "The budget lasts, and part of it will stay unused.");
    case Verdict::may_fall_short:
      return say("Le budget suffit probablement, sans que ce soit sûr.",
                 "The budget probably lasts, but that is not certain.");
    case Verdict::falls_short:
      return say("Le budget ne suffira probablement pas.", "The budget will probably not last.");
    case Verdict::overspent: return say("Le budget est dépassé.", "The budget is overspent.");
    }
    return "";
  }

  void head() {
    const auto& fund = fund_.fund;
    line(fund.name + (fund.label.empty() ? "" : " · " + fund.label) + " · " +
         day(forecast_.year.days.from) + " – " + day(forecast_.year.days.to));
    line(std::string(say("prévision au ", "forecast as of ")) + day(forecast_.today) + " (" +
         basis_words(report_words(language_), fund_.basis) + ")");
    line();
    line(verdict());
    line();
  }

  void figures() {
    if (forecast_.budget) amount(say("budget", "budget"), *forecast_.budget);
    amount(say("dépensé", "spent"), forecast_.spent);
    if (forecast_.engaged != Cents(0)) amount(say("engagé", "engaged"), forecast_.engaged);
    if (forecast_.due != Cents(0)) amount(say("à échoir", "falling due"), forecast_.due);
    amount(say("coût prévu", "forecast cost"), forecast_.cost.middle, range(forecast_.cost));
    if (forecast_.unspent) {
      amount(say("restera", "left at the end"), forecast_.unspent->middle,
             range(*forecast_.unspent));
    }
    if (forecast_.free_a_month) {
      amount(say("libre", "free"), *forecast_.free,
             money(*forecast_.free_a_month) + say(" par mois qui reste", " a month that is left"));
    }
    if (forecast_.budget) fact(say("épuisé", "exhausted"), exhaustion());
    line();
  }

  std::string range(const Estimate& estimate) const {
    return money(estimate.low) + " – " + money(estimate.high) +
           say(" (8 fois sur 10)", " (8 times in 10)");
  }

  bool in_year(const std::optional<Date>& date) const {
    return date && *date <= forecast_.year.days.to;
  }
  std::string exhaustion() const {
    std::string text;
    if (in_year(forecast_.exhausted)) {
      text = say("le ", "on ") + day(*forecast_.exhausted);
    } else {
      text = say("pas dans l'exercice", "not within the fiscal year");
      if (forecast_.exhausted) {
        text += say(" ; s'il était reporté, le ", "; if it were carried over, on ") +
                day(*forecast_.exhausted);
      }
    }
    if (in_year(forecast_.exhausted_early) && forecast_.exhausted_early != forecast_.exhausted) {
      text += say(" ; une fois sur dix, dès le ", "; one time in ten, by ") +
              day(*forecast_.exhausted_early);
    }
    return text;
  }

  void reasons(const char* title, const std::vector<Reason>& reasons) {
    if (reasons.empty()) return;
    line(title);
    for (const auto& reason : reasons) {
      std::string lead = "  - ";
      for (const auto& part : wrap(reason_words(reason, language_), page - 4)) {
        line(lead + part);
        lead = "    ";
      }
    }
  }

  const FundForecast& fund_;
  const Forecast& forecast_;
  Language language_;
  std::string text_;
};

} // namespace

std::string forecast_text(const FundForecast& forecast, Language language) {
  return ForecastText(forecast, language).render();
}

} // namespace intendance::billing
