// SPDX-License-Identifier: AGPL-3.0-or-later
// What makes the figures believable: invoices, promises, corrections, signatures, every entry.
#include "billing/report/compose.hpp"
#include "billing/report/mismatch_words.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr std::size_t mismatches_shown = 40; // of one invoice

std::string invoice_state(const CheckedInvoice& checked, const Voice& voice) {
  std::string state;
  const auto add = [&](const std::string& words) { state += (state.empty() ? "" : ", ") + words; };
  const auto& invoice = checked.invoice();
  if (checked.reconciliation.agrees()) {
    add(voice.say("concorde", "agrees"));
  } else {
    add(voice.say("à éclaircir : {}", "to clear up: {}", checked.reconciliation.mismatches.size()));
  }
  if (!checked.reconciliation.kept()) {
    add(voice.say("rapprochement à inscrire", "matches to be recorded"));
  }
  if (invoice.owed() == Cents(0)) {
    add(voice.say("payée", "paid"));
  } else if (invoice.paid() == Cents(0)) {
    add(voice.say("non payée", "not paid"));
  } else {
    add(voice.say("payée en partie ({})", "paid in part ({})", voice.money(invoice.paid())));
  }
  return state;
}

// What a permitted method of rounding explains, and what none does.
std::vector<std::string> explanations(const CheckedInvoice& checked, const Voice& voice) {
  const auto& reconciliation = checked.reconciliation;
  std::vector<std::string> items;
  const auto add = [&](const std::string& words) {
    items.push_back(
        voice.say("Facture {} : {}.", "Invoice {}: {}.", checked.invoice().number, words));
  };
  for (const auto& line : reconciliation.lines) {
    if (line.rounded_up && line.state == LineState::explained) {
      add(voice.say("ligne {} : le trimestre est arrondi à l'heure ({} de plus)",
                    "line {}: the quarter is rounded up to an hour ({} more)", line.line,
                    voice.work(*line.rounded_up)));
    } else if (line.amount_method == AmountMethod::each_entry) {
      add(voice.say("ligne {} : chaque entrée est arrondie au cent",
                    "line {}: each entry is rounded to the cent", line.line));
    }
  }
  if (reconciliation.tax_method && *reconciliation.tax_method != TaxMethod::per_invoice) {
    add(voice.say("taxes exactes, calculées {}", "taxes exact, computed {}",
                  method_words(*reconciliation.tax_method, voice)));
  }
  const auto& mismatches = reconciliation.mismatches;
  const auto shown = std::min(mismatches.size(), mismatches_shown);
  for (std::size_t each = 0; each < shown; ++each) {
    add(mismatch_words(reconciliation, mismatches[each], voice));
  }
  if (shown < mismatches.size()) {
    add(voice.say("et {} de plus (intendance invoice reconcile)",
                  "and {} more (intendance invoice reconcile)", mismatches.size() - shown));
  }
  return items;
}

std::string upcoming_words(const Upcoming& upcoming, const Voice& voice) {
  const auto& subject = voice.french() ? upcoming.subject_french : upcoming.subject_english;
  switch (upcoming.kind) {
  case UpcomingKind::grant_end:
    return voice.say("Fin de la subvention {}", "End of the grant {}", subject);
  case UpcomingKind::funder_report: return voice.say("À remettre : {}", "To hand in: {}", subject);
  case UpcomingKind::cost_expires: return voice.say("Échoit : {}", "Lapses: {}", subject);
  case UpcomingKind::engagement_due:
    return voice.say("Travaux attendus : {}", "Work expected: {}", subject);
  case UpcomingKind::quote_lapses:
    return voice.say("Dernier jour du devis {}", "Last day of the quote {}", subject);
  case UpcomingKind::year_end: return voice.say("Fin de l'exercice", "End of the fiscal year");
  }
  return "";
}

std::string engagement_state(const Engagement& engagement, const Voice& voice) {
  if (engagement.state == "pending") return voice.say("en attente", "pending");
  if (engagement.state == "posted in part") return voice.say("utilisé en partie", "used in part");
  if (engagement.state == "voided") return voice.say("annulé", "voided");
  return voice.say("utilisé", "used");
}

std::string activity_label(const MonthlyReport& report, const Voice& voice,
                           const std::string& name) {
  for (const auto& line : report.lines) {
    if (line.activity.name == name) return voice.label(line.activity);
  }
  return name;
}

std::string entry_words(const Entry& entry, const Voice& voice) {
  auto words = entry.description;
  if (entry.reverses) {
    words += voice.say(" (contre-passe l'écriture {})", " (reverses entry {})",
                       entry_number(*entry.reverses));
  }
  if (entry.reversed_by) {
    words += voice.say(" (contre-passée par l'écriture {})", " (reversed by entry {})",
                       entry_number(*entry.reversed_by));
  }
  if (entry.engagement) {
    words += voice.say(" (engagement {})", " (engagement {})", *entry.engagement);
  }
  return words;
}

Table entries_table(const MonthlyReport& report, const Voice& voice) {
  Table table;
  table.caption = voice.say("Écritures du mois, avant taxes", "Entries of the month, before taxes");
  table.columns = {voice.say("N°", "No."),
                   voice.say("Fait le", "Done on"),
                   voice.say("Inscrit au", "Posted on"),
                   voice.say("Service, activité", "Service, activity"),
                   voice.say("Personne", "Person"),
                   voice.say("Travail", "Work done"),
                   voice.say("Durée", "Time"),
                   voice.say("Taux", "Rate"),
                   voice.say("Montant", "Amount")};
  for (const auto& entry : report.entries) {
    table.rows.push_back(
        {{entry_number(entry.number), entry.worked_on, entry.posted_on,
          entry.service + ", " + activity_label(report, voice, entry.activity), entry.person,
          entry_words(entry, voice), entry.work, entry.per_hour, entry.amount}});
  }
  Cents sum;
  for (const auto& entry : report.entries) sum += entry.amount;
  table.rows.push_back(
      {{voice.say("Total", "Total"), std::monostate(), std::monostate(), std::monostate(),
        std::monostate(), std::monostate(), report.month_work, std::monostate(), sum},
       RowKind::total});
  return table;
}

Table charges_table(const MonthlyReport& report, const Voice& voice) {
  Table table;
  table.caption = voice.say("Frais du mois autres que le travail, avant taxes",
                            "Costs of the month beside work, before taxes");
  table.columns = {voice.say("Échu le", "Due on"),  voice.say("Inscrit au", "Posted on"),
                   voice.say("Service", "Service"), voice.say("Poste", "Line"),
                   voice.say("Objet", "What for"),  voice.say("Montant", "Amount")};
  Cents sum;
  for (const auto& charge : report.charges) {
    sum += charge.amount;
    table.rows.push_back({{charge.due_on, charge.posted_on, charge.service, charge.category,
                           charge.description, charge.amount}});
  }
  table.rows.push_back({{voice.say("Total", "Total"), std::monostate(), std::monostate(),
                         std::monostate(), std::monostate(), sum},
                        RowKind::total});
  return table;
}

} // namespace

Section compose_reconciliation(const MonthlyReport& report, const Voice& voice) {
  Section section{"reconciliation", voice.say("Rapprochement des factures", "Reconciliation"), {}};
  const auto& checked = report.reconciliation;
  Table table;
  table.caption = voice.say("Factures et ce qu'elles facturent ; ce qui ne concorde pas d'abord",
                            "Invoices and what they bill; what does not agree first");
  table.columns = {voice.say("Facture", "Invoice"),
                   voice.say("Date", "Date"),
                   voice.say("Lignes", "Lines"),
                   voice.say("Appariées", "Matched"),
                   voice.say("Avant taxes", "Before taxes"),
                   voice.say("Au registre", "In the ledger"),
                   voice.say("Ajustements", "Adjustments"),
                   voice.say("Écart", "Difference"),
                   voice.say("Total taxes comprises", "Total with taxes"),
                   voice.say("État", "State")};
  Bullets named;
  for (const auto& each : checked.invoices) {
    const auto& invoice = each.invoice();
    const auto& reconciliation = each.reconciliation;
    table.rows.push_back(
        {{each.vendor + " " + invoice.number, invoice.dated,
          static_cast<std::int64_t>(invoice.lines.size()),
          static_cast<std::int64_t>(reconciliation.lines_matched()), invoice.before_tax(),
          reconciliation.recorded - each.adjusted(), each.adjusted(), reconciliation.difference(),
          invoice.total(), invoice_state(each, voice)}});
    for (auto& words : explanations(each, voice)) named.items.push_back(std::move(words));
  }
  if (table.rows.empty()) {
    section.blocks.push_back(Paragraph{voice.say("Aucune facture n'est inscrite pour ce mois.",
                                                 "No invoice is recorded for this month.")});
  } else {
    section.blocks.push_back(std::move(table));
  }
  if (!named.items.empty()) section.blocks.push_back(std::move(named));
  section.blocks.push_back(Paragraph{
      checked.unbilled_entries == 0
          ? voice.say("Tout le travail de l'exercice est facturé.",
                      "All work of the year is billed.")
          : voice.say(
                "Pas encore facturé : {} écritures, {}, {} avant taxes ({} avec les autres "
                "frais, {}) ; ce sont les charges à payer.",
                "Not billed yet: {} entries, {}, {} before taxes ({} with the other costs, {}); "
                "these are the accrued charges.",
                checked.unbilled_entries, voice.work(checked.unbilled_work),
                voice.money(checked.unbilled), voice.money(report.accrued),
                basis_title(report.balance.basis, voice))});
  return section;
}

Section compose_commitments(const MonthlyReport& report, const Voice& voice) {
  Section section{
      "commitments", voice.say("Engagements et échéances", "Commitments and expiries"), {}};
  Table table;
  table.caption = voice.say("Engagements, avant taxes", "Engagements, before taxes");
  table.columns = {voice.say("Engagement", "Engagement"),
                   voice.say("Accepté le", "Accepted on"),
                   voice.say("Par", "By"),
                   voice.say("Engagé", "Engaged"),
                   voice.say("Utilisé", "Used"),
                   voice.say("Annulé", "Voided"),
                   voice.say("Reste", "Left"),
                   voice.say("État", "State")};
  for (const auto& each : report.engagements) {
    table.rows.push_back(
        {{each.name + " · " + each.description, each.accepted_on, each.accepted_by, each.amount,
          each.used, each.voided, each.left, engagement_state(each, voice)}});
  }
  if (table.rows.empty()) {
    section.blocks.push_back(Paragraph{voice.say("Rien n'est engagé.", "Nothing is engaged.")});
  } else {
    section.blocks.push_back(std::move(table));
  }
  Table days;
  days.caption =
      voice.say("Échéances des six prochains mois", "Days to keep in the next six months");
  days.columns = {voice.say("Échéance", "What"), voice.say("Date", "Date"),
                  voice.say("Montant avant taxes", "Amount before taxes")};
  for (const auto& each : report.upcoming) {
    days.rows.push_back(
        {{upcoming_words(each, voice), each.day, each.amount ? Cell(*each.amount) : Cell("—")}});
  }
  if (!days.rows.empty()) section.blocks.push_back(std::move(days));
  return section;
}

Section compose_corrections(const MonthlyReport& report, const Voice& voice) {
  Section section{
      "corrections", voice.say("Corrections et travail tardif", "Corrections and late work"), {}};
  Bullets bullets;
  for (const auto& entry : report.entries) {
    if (entry.reverses) {
      bullets.items.push_back(voice.say(
          "L'écriture {} contre-passe l'écriture {} ({}, {}) : {}. Identifiant {}.",
          "Entry {} reverses entry {} ({}, {}): {}. Identifier {}.", entry_number(entry.number),
          entry_number(*entry.reverses), voice.work(entry.work), voice.money(entry.amount),
          entry.description, entry.id));
    } else if (month_of(entry.worked_on) != month_of(entry.posted_on)) {
      bullets.items.push_back(voice.say(
          "L'écriture {} est du {}, un mois déjà clos ; elle compte ce mois-ci ({}).",
          "Entry {} is of {}, a month already closed; it counts in this month ({}).",
          entry_number(entry.number), voice.long_day(entry.worked_on), voice.money(entry.amount)));
    }
  }
  for (const auto& charge : report.charges) {
    if (charge.amount >= Cents(0)) continue;
    bullets.items.push_back(voice.say("Frais repris : {} ({}). Identifiant {}.",
                                      "Cost taken back: {} ({}). Identifier {}.",
                                      charge.description, voice.money(charge.amount), charge.cost));
  }
  if (bullets.items.empty()) {
    section.blocks.push_back(Paragraph{voice.say("Aucune correction depuis le rapport précédent.",
                                                 "No correction since the last report.")});
  } else {
    section.blocks.push_back(std::move(bullets));
  }
  return section;
}

Section compose_signatures(const MonthlyReport&, const Voice& voice) {
  Section section{"signatures", voice.say("Approbation", "Sign-off"), {}};
  section.blocks.push_back(Paragraph{voice.say("Deux personnes signent : qui a préparé le rapport, "
                                               "puis une autre qui l'approuve. Le registre "
                                               "garde les deux signatures (intendance month sign).",
                                               "Two people sign: who prepared the report, then "
                                               "another who approves it. The ledger keeps both "
                                               "signatures (intendance month sign).")});
  section.blocks.push_back(
      Blanks{{voice.say("Préparé par (nom, date)", "Prepared by (name, date)"),
              voice.say("Approuvé par (nom, date)", "Approved by (name, date)")}});
  return section;
}

Section compose_annex(const MonthlyReport& report, const Voice& voice) {
  Section section{"annex", voice.say("Annexe", "Annex"), {}};
  if (report.entries.empty()) {
    section.blocks.push_back(
        Paragraph{voice.say("Aucune écriture ce mois-ci.", "No entry this month.")});
  } else {
    section.blocks.push_back(entries_table(report, voice));
  }
  if (!report.charges.empty()) section.blocks.push_back(charges_table(report, voice));
  Table proofs;
  proofs.caption = voice.say("Pièces justificatives, par leur empreinte (SHA-256)",
                             "Supporting documents, by their fingerprint (SHA-256)");
  proofs.columns = {voice.say("Ce qu'elle prouve", "What it proves"),
                    voice.say("Pièce", "Document"), voice.say("Empreinte", "Fingerprint")};
  for (const auto& document : report.evidence) {
    proofs.rows.push_back({{document.of, document.name, document.sha256}});
  }
  if (!proofs.rows.empty()) section.blocks.push_back(std::move(proofs));
  return section;
}

} // namespace intendance::billing
