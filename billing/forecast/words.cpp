// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/render.hpp"

#include <fmt/format.h>

namespace intendance::billing {
namespace {

using core::Language;

class ReasonWords {
public:
  ReasonWords(const Reason& reason, Language language)
      : reason_(reason), french_(language == Language::french),
        amount_(format_money(reason.amount, language)),
        other_(format_money(reason.other, language)),
        percent_(format_percent(reason.percent * 1000, language)),
        day_(reason.day ? short_day(*reason.day, language) : "") {}

  std::string words() const {
    switch (reason_.code) {
    case ReasonCode::year_over:
      return french_ ? "l'exercice est terminé ; il a coûté " + amount_
                     : "the fiscal year is over; it cost " + amount_;
    case ReasonCode::nothing_known:
      return french_ ? "ni budget ni dépense n'est inscrit : rien ne dit à quel rythme on dépensera"
                     : "neither a budget nor spending is recorded: nothing tells how much will be "
                       "spent";
    case ReasonCode::plan_alone:
      return french_
                 ? "aucune dépense n'est encore inscrite : le budget donne le rythme, " + amount_ +
                       " par mois"
                 : "no spending is recorded yet: the budget sets the pace, " + amount_ + " a month";
    case ReasonCode::pace: return pace();
    case ReasonCode::season: return season();
    case ReasonCode::spread:
      return french_ ? "un mois s'écarte d'environ " + percent_ +
                           " d'un mois courant ; la fourchette en tient compte"
                     : "a month lies about " + percent_ +
                           " away from a usual one; the range allows for that";
    case ReasonCode::quiet: return quiet();
    case ReasonCode::engagements: return engagements();
    case ReasonCode::recurring:
      return french_ ? fmt::format("{} de frais connus à échoir d'ici la fin de l'exercice ({})",
                                   amount_, reason_.count)
                     : fmt::format("{} of known costs fall due until the year's end ({})", amount_,
                                   reason_.count);
    default: return budget();
    }
  }

private:
  std::string pace() const {
    if (reason_.other == Cents(0)) {
      return french_ ? fmt::format("un mois courant coûte {}, d'après {} mois de dépenses", amount_,
                                   reason_.count)
                     : fmt::format("a usual month costs {}, by {} month{} of spending", amount_,
                                   reason_.count, plural());
    }
    return french_ ? fmt::format("un mois courant coûte {}, d'après {} mois de dépenses et le "
                                 "budget ({} par mois), qui y compte pour {}",
                                 amount_, reason_.count, other_, percent_)
                   : fmt::format("a usual month costs {}, by {} months of spending and the budget "
                                 "({} a month), which counts for {}",
                                 amount_, reason_.count, other_, percent_);
  }

  std::string season() const {
    if (reason_.count == 0) {
      return french_ ? "le plan donne aux mois qui restent " + percent_ + " de mois égaux"
                     : "the plan gives the months that are left " + percent_ + " of equal ones";
    }
    return french_ ? fmt::format("les mois qui restent coûtent d'habitude {} de mois égaux, "
                                 "d'après {} exercice{} antérieur{}",
                                 percent_, reason_.count, plural(), plural())
                   : fmt::format("the months that are left usually cost {} of equal ones, by {} "
                                 "earlier fiscal year{}",
                                 percent_, reason_.count, plural());
  }

  std::string quiet() const {
    return french_ ? fmt::format("presque rien n'a été dépensé depuis {} mois : {} de chances que "
                                 "les dépenses continuent",
                                 reason_.count, percent_)
                   : fmt::format("almost nothing was spent for {} month{}: a chance of {} that "
                                 "spending goes on",
                                 reason_.count, plural(), percent_);
  }

  std::string engagements() const {
    return french_ ? fmt::format("{} engagement{} : de {} engagés, {} devraient servir dans "
                                 "l'exercice",
                                 reason_.count, plural(), other_, amount_)
                   : fmt::format("{} engagement{}: of {} engaged, {} should be used within the "
                                 "fiscal year",
                                 reason_.count, plural(), other_, amount_);
  }

  std::string budget() const {
    switch (reason_.code) {
    case ReasonCode::no_budget:
      return french_ ? "aucun budget n'est inscrit pour l'exercice (intendance budget set)"
                     : "no budget is recorded for the fiscal year (intendance budget set)";
    case ReasonCode::overspent:
      return french_ ? "le budget est déjà dépassé de " + amount_
                     : "the budget is already exceeded by " + amount_;
    case ReasonCode::falls_short:
      return (french_ ? "il manquera probablement " : "probably missing at the year's end: ") +
             amount_ + since();
    case ReasonCode::may_fall_short:
      return (french_ ? "une fois sur dix, il manquera au moins "
                      : "one time in ten, missing at least ") +
             amount_ + since();
    case ReasonCode::lasts:
      return french_ ? "neuf fois sur dix, il restera au moins " + amount_
                     : "nine times in ten, at least " + amount_ + " will be left";
    case ReasonCode::underspent:
      return french_ ? fmt::format("{} ({} du budget) resteront probablement inutilisés, au moins "
                                   "{} neuf fois sur dix ; à engager ou à reporter avant le {}",
                                   amount_, percent_, other_, day_)
                     : fmt::format("{} ({} of the budget) will probably stay unused, at least {} "
                                   "nine times in ten; engage it or have it carried over before {}",
                                   amount_, percent_, other_, day_);
    default: return "";
    }
  }

  std::string since() const {
    if (day_.empty()) return "";
    return (french_ ? ", à partir du " : ", from ") + day_ + (french_ ? "" : " on");
  }
  const char* plural() const { return reason_.count > 1 ? "s" : ""; }

  const Reason& reason_;
  bool french_;
  std::string amount_, other_, percent_, day_;
};

} // namespace

std::string reason_words(const Reason& reason, Language language) {
  return ReasonWords(reason, language).words();
}

} // namespace intendance::billing
