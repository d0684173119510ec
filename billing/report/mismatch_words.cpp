// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/mismatch_words.hpp"

#include "billing/report/words.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

std::string unbilled_words(const Reconciliation& reconciliation, const Mismatch& mismatch,
                           const Voice& voice) {
  const auto text = voice.say("entrée {} : inscrite, mais non facturée",
                              "entry {}: logged, but not billed", entry_number(*mismatch.entry));
  const auto& unbilled = reconciliation.unbilled;
  const auto entry = std::find_if(unbilled.begin(), unbilled.end(), [&](const Entry& each) {
    return each.number == *mismatch.entry;
  });
  if (entry == unbilled.end()) return text;
  return text + fmt::format(" ({} · {} · {} · {})", voice.day(entry->worked_on), entry->service,
                            entry->activity, voice.work(entry->work));
}

std::string billed_and_recorded(const std::string& what, const std::string& billed,
                                const std::string& recorded, const Voice& voice) {
  return voice.say("{} : facturé {}, inscrit {}", "{}: billed {}, recorded {}", what, billed,
                   recorded);
}

bool is_work(const Reconciliation& reconciliation, int line) {
  return std::any_of(
      reconciliation.invoice.lines.begin(), reconciliation.invoice.lines.end(),
      [&](const InvoiceLine& each) { return each.number == line && each.kind == LineKind::hours; });
}

std::string line_words(const Reconciliation& reconciliation, const Mismatch& mismatch,
                       const Voice& voice) {
  const auto work = [&](std::int64_t minutes) {
    return minutes == 0 ? std::string("0") : voice.work(Minutes(minutes));
  };
  const auto money = [&](std::int64_t cents) { return voice.money(Cents(cents)); };
  switch (mismatch.kind) {
  case MismatchKind::never_logged:
    return voice.say("facturé {}, jamais inscrit", "billed {}, never logged",
                     is_work(reconciliation, *mismatch.line) ? work(mismatch.billed)
                                                             : money(mismatch.billed));
  case MismatchKind::minutes_differ:
    return billed_and_recorded(voice.say("durée", "work"), work(mismatch.billed),
                               work(mismatch.recorded), voice);
  case MismatchKind::rate_differs:
    return billed_and_recorded(voice.say("taux", "rate"), money(mismatch.billed) + "/h",
                               money(mismatch.recorded) + "/h", voice);
  case MismatchKind::amount_differs:
    return billed_and_recorded(voice.say("montant", "amount"), money(mismatch.billed),
                               money(mismatch.recorded), voice);
  default: // an adjustment
    return mismatch.subject.empty()
               ? voice.say("ajustement qu'aucune règle n'explique",
                           "an adjustment that no rule explains")
               : voice.say("arrondi à l'heure hors d'une fin de trimestre (févr., mai, août, nov.)",
                           "rounded up to an hour outside of a quarter's end (Feb, May, Aug, Nov)");
  }
}

} // namespace

std::string mismatch_words(const Reconciliation& reconciliation, const Mismatch& mismatch,
                           const Voice& voice) {
  switch (mismatch.kind) {
  case MismatchKind::unbilled_entry: return unbilled_words(reconciliation, mismatch, voice);
  case MismatchKind::taxes_differ:
    return voice.say("{} : facturé {}, aucune méthode permise ne le donne ; au plus près {}",
                     "{}: billed {}, no permitted method gives it; the nearest is {}",
                     tax_label(mismatch.subject, voice.language()),
                     voice.money(Cents(mismatch.billed)), voice.money(Cents(mismatch.recorded)));
  case MismatchKind::particular_missing:
    return voice.say("il y manque : {}", "it lacks: {}", particular_words(mismatch.subject, voice));
  case MismatchKind::number_differs:
    return voice.say("{} : n'est pas celui du registre (intendance vendor list)",
                     "{}: is not the ledger's (intendance vendor list)",
                     particular_words(mismatch.subject, voice));
  default:
    return voice.say("ligne {} : {}", "line {}: {}", *mismatch.line,
                     line_words(reconciliation, mismatch, voice));
  }
}

std::string method_words(TaxMethod method, const Voice& voice) {
  switch (method) {
  case TaxMethod::per_invoice:
    return voice.say("sur le total de la facture", "on the invoice's total");
  case TaxMethod::per_line: return voice.say("ligne par ligne", "line by line");
  case TaxMethod::one_step: return voice.say("en une étape (14,975 %)", "in one step (14.975%)");
  }
  return "";
}

std::string particular_words(const std::string& name, const Voice& voice) {
  if (name == "tps_number")
    return voice.say("numéro de TPS du fournisseur", "the vendor's GST number");
  if (name == "tvq_number")
    return voice.say("numéro de TVQ du fournisseur", "the vendor's QST number");
  if (name == "buyer") return voice.say("acheteur", "the buyer");
  return voice.say("modalités de paiement ou échéance", "terms of payment or a due date");
}

} // namespace intendance::billing
