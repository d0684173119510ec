// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/words.hpp"

namespace intendance::billing {
namespace {

constexpr ReportWords french = {
    .title = "RAPPORT MENSUEL",
    .closed = "CLOS",
    .provisional = "PROVISOIRE",
    .fund = "Fonds",
    .year = "Exercice",
    .year_days = "du {} au {}",
    .grant_year = "année de subvention",
    .university_year = "année universitaire",
    .as_of = "Arrêté au",
    .ledger = "Registre",
    .ledger_entries = "{} entrées, empreinte",
    .unaudited = "Chiffres non audités.",
    .provisional_note = "Le mois n'est pas clos : du travail peut encore s'y ajouter.",
    .budget = "Budget",
    .no_budget = "Aucun budget n'est inscrit pour cet exercice.",
    .spent = "Dépensé",
    .available = "Disponible",
    .overspent = "Le budget est dépassé.",
    .affordable = "soit {}",
    .basis_net = "montants nets des remboursements de taxes",
    .basis_gross = "montants bruts, taxes comprises",
    .basis_before_tax = "montants avant taxes",
    .this_month = "Ce mois-ci : {}, {} avant taxes, {} à la charge du budget",
    .nothing = "Aucun travail n'est inscrit pour cet exercice.",
    .lines_title = "TRAVAUX PAR SERVICE ET ACTIVITÉ (montants avant taxes)",
    .month_column = "ce mois-ci",
    .year_column = "cet exercice",
    .work = "travail",
    .amount = "montant",
    .before_tax = "Total avant taxes",
    .gross = "Total brut",
    .rebate = "Remboursement {} {}",
    .net = "Net des remboursements",
    .estimate = "Taxes calculées comme si chaque mois était une facture.",
    .annex = "ANNEXE — ENTRÉES DU MOIS",
    .no_entries = "Aucune entrée ce mois-ci.",
    .done_on = "fait le {}",
    .reverses = "contre-passe l'entrée {}",
    .reversed_by = "contre-passée par l'entrée {}",
};

constexpr ReportWords english = {
    .title = "MONTHLY REPORT",
    .closed = "CLOSED",
    .provisional = "PROVISIONAL",
    .fund = "Fund",
    .year = "Fiscal year",
    .year_days = "{} to {}",
    .grant_year = "grant year",
    .university_year = "university year",
    .as_of = "As of",
    .ledger = "Ledger",
    .ledger_entries = "{} entries, fingerprint",
    .unaudited = "Figures not audited.",
    .provisional_note = "The month is not closed: work may still be added to it.",
    .budget = "Budget",
    .no_budget = "No budget is recorded for this fiscal year.",
    .spent = "Spent",
    .available = "Available",
    .overspent = "The budget is overspent.",
    .affordable = "which buys {}",
    .basis_net = "amounts net of tax rebates",
    .basis_gross = "gross amounts, taxes included",
    .basis_before_tax = "amounts before taxes",
    .this_month = "This month: {}, {} before taxes, {} charged to the budget",
    .nothing = "No work is recorded for this fiscal year.",
    .lines_title = "WORK BY SERVICE AND ACTIVITY (amounts before taxes)",
    .month_column = "this month",
    .year_column = "year to date",
    .work = "work",
    .amount = "amount",
    .before_tax = "Total before taxes",
    .gross = "Gross total",
    .rebate = "{} rebate {}",
    .net = "Net of rebates",
    .estimate = "Taxes computed as if each month were one invoice.",
    .annex = "ANNEX — ENTRIES OF THE MONTH",
    .no_entries = "No entry this month.",
    .done_on = "done on {}",
    .reverses = "reverses entry {}",
    .reversed_by = "reversed by entry {}",
};

} // namespace

const ReportWords& report_words(core::Language language) {
  return language == core::Language::french ? french : english;
}

std::string tax_label(const std::string& name, core::Language language) {
  if (language == core::Language::english && name == "TPS") return "GST";
  if (language == core::Language::english && name == "TVQ") return "QST";
  return name;
}

const char* basis_words(const ReportWords& words, Basis basis) {
  switch (basis) {
  case Basis::net: return words.basis_net;
  case Basis::gross: return words.basis_gross;
  case Basis::before_tax: return words.basis_before_tax;
  }
  return words.basis_net;
}

} // namespace intendance::billing
