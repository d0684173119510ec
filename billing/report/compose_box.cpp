// SPDX-License-Identifier: AGPL-3.0-or-later
// What must be understood in one minute: figures, how it stands, and what is asked of the reader.
#include "billing/forecast/render.hpp"
#include "billing/report/compose.hpp"

namespace intendance::billing {
namespace {

std::string decision_words(const Decision& decision, const Voice& voice) {
  const auto& subject = voice.french() ? decision.subject_french : decision.subject_english;
  const auto amount = decision.amount ? voice.dollars(*decision.amount) : "";
  switch (decision.code) {
  case DecisionCode::set_budget:
    return voice.say("Inscrire le budget de l'exercice.", "Record the fiscal year's budget.");
  case DecisionCode::raise_or_reduce:
    return voice.say("Augmenter le budget ou réduire les travaux : il manquera environ {}.",
                     "Raise the budget or reduce the work: about {} will be missing.", amount);
  case DecisionCode::provide_margin:
    return voice.say("Prévoir une marge : une fois sur dix, il manquera {} ou plus.",
                     "Provide a margin: one time in ten, {} or more will be missing.", amount);
  case DecisionCode::engage_or_carry:
    return voice.say("Engager environ {} qui resteront inutilisés, ou en demander le report.",
                     "Engage about {} that will stay unused, or ask for them to be carried over.",
                     amount);
  case DecisionCode::answer_quote:
    return voice.say("Accepter ou refuser le devis {}.", "Accept or decline the quote {}.",
                     subject);
  case DecisionCode::settle_engagement:
    return voice.say("Annuler le reste de l'engagement {} ({} avant taxes) ou en reporter la date.",
                     "Void the rest of the engagement {} ({} before taxes) or move its day.",
                     subject, amount);
  case DecisionCode::contest_invoice:
    return voice.say("Éclaircir la facture {} avec le fournisseur : elle ne concorde pas avec le "
                     "registre (section « Rapprochement »).",
                     "Clear up the invoice {} with the supplier: it does not agree with the ledger "
                     "(section “Reconciliation”).",
                     subject);
  case DecisionCode::complete_invoice:
    return voice.say("Demander au fournisseur ce qui manque sur la facture {} (section "
                     "« Rapprochement »).",
                     "Ask the supplier for what the invoice {} lacks (section "
                     "“Reconciliation”).",
                     subject);
  case DecisionCode::hand_in:
    return voice.say("Remettre au bailleur : {}.", "Hand in to the funder: {}.", subject);
  case DecisionCode::renew:
    return voice.say("Renouveler ou laisser échoir : {}.", "Renew or let lapse: {}.", subject);
  }
  return "";
}

std::string verdict_words(const Forecast& forecast, const Voice& voice) {
  switch (forecast.verdict) {
  case Verdict::no_budget:
    return voice.say("aucun budget n'est inscrit.", "no budget is recorded.");
  case Verdict::lasts: return voice.say("le budget suffit.", "the budget lasts.");
  case Verdict::underspent:
    return voice.say("le budget suffit, et une part en restera inutilisée.",
                     "the budget lasts, and part of it will stay unused.");
  case Verdict::may_fall_short:
    return voice.say("le budget suffit probablement, sans que ce soit sûr.",
                     "the budget probably lasts, but that is not certain.");
  case Verdict::falls_short:
    return voice.say("le budget ne suffira probablement pas.",
                     "the budget will probably not last.");
  case Verdict::overspent: return voice.say("le budget est dépassé.", "the budget is overspent.");
  }
  return "";
}

std::string outlook(const MonthlyReport& report, const Voice& voice) {
  const auto& cost = report.forecast.cost;
  const auto verdict = verdict_words(report.forecast, voice);
  if (report.balance.as_of == report.balance.year.days.to) {
    return voice.say("L'exercice est terminé et a coûté {} : {}",
                     "The fiscal year is over and cost {}: {}", voice.money(report.balance.spent()),
                     verdict);
  }
  return voice.say("À ce rythme, l'exercice se terminera entre {} et {} (8 fois sur 10) : {}",
                   "At this pace, the fiscal year will end between {} and {} (8 times in 10): {}",
                   voice.dollars(cost.low), voice.dollars(cost.high), verdict);
}

std::string light_words(Light light, const Voice& voice) {
  switch (light) {
  case Light::green: return voice.say("Vert — tout va bien.", "Green — all is well.");
  case Light::amber: return voice.say("Jaune — à surveiller.", "Amber — to be watched.");
  case Light::red: return voice.say("Rouge — il faut agir.", "Red — something must be done.");
  }
  return "";
}

std::string month_headline(const MonthlyReport& report, const Voice& voice) {
  const auto month = capitalised(voice.month(report.month));
  const auto& days = report.balance.year.days;
  return voice.say("{} — Fonds {} — exercice du {} au {}", "{} — Fund {} — fiscal year {} to {}",
                   month, fund_title(report.balance.fund), voice.long_day(days.from),
                   voice.long_day(days.to));
}

} // namespace

OneMinuteBox compose_box(const MonthlyReport& report, const Voice& voice) {
  const auto& balance = report.balance;
  OneMinuteBox box;
  box.light = report.assessment.light;
  box.headline = month_headline(report, voice);
  const auto figure = [&](std::string name, std::string value) {
    box.figures.push_back({std::move(name), std::move(value)});
  };
  figure(voice.say("Budget", "Budget"),
         balance.budget ? voice.money(*balance.budget) : voice.say("non inscrit", "not recorded"));
  figure(voice.say("Réel", "Actual"), voice.money(report.actual()));
  figure(voice.say("Charges à payer", "Accrued"), voice.money(report.accrued));
  figure(voice.say("Engagements", "Engaged"), voice.money(balance.engaged.on(balance.basis)));
  if (balance.available()) {
    auto value = voice.money(*balance.available());
    // Whole hours: the exact minute would promise more than an estimate can.
    const Minutes hours{report.affordable.value_or(Minutes(0)).count() / 60 * 60};
    if (hours > Minutes(0)) value += voice.say(", soit {}", ", or {}", voice.work(hours));
    figure(voice.say("Disponible", "Available"), value);
  }
  box.basis = basis_title(balance.basis, voice);
  box.sentence = light_words(box.light, voice) + " " + outlook(report, voice);
  for (const auto& reason : report.forecast.budget_reasons) {
    box.reasons.push_back(voice.sentence(reason_words(reason, voice.language())));
  }
  for (const auto& decision : report.assessment.decisions) {
    auto words = decision_words(decision, voice);
    if (decision.by) {
      words = voice.say("D'ici le {} : {}", "By {}: {}", voice.long_day(*decision.by), words);
    }
    box.decisions.push_back(std::move(words));
  }
  box.decisions_title = box.decisions.empty()
                            ? voice.say("Aucune décision n'est demandée.", "No decision is needed.")
                            : voice.say("Décisions demandées", "Decisions wanted");
  return box;
}

} // namespace intendance::billing
