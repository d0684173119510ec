// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/compose.hpp"

#include "billing/report/words.hpp"

namespace intendance::billing {
namespace {

std::string calendar_words(const Fund& fund, const Voice& voice) {
  if (fund.calendar == "grant") return voice.say(" (année de subvention)", " (grant year)");
  if (fund.calendar == "university") {
    return voice.say(" (année universitaire)", " (university year)");
  }
  return "";
}

std::string year_words(const MonthlyReport& report, const Voice& voice) {
  const auto& days = report.balance.year.days;
  return voice.say("du {} au {}", "{} to {}", voice.long_day(days.from), voice.long_day(days.to));
}

void compose_cover(const MonthlyReport& report, const Voice& voice, ReportDocument& document) {
  const auto& balance = report.balance;
  const bool closed = report.status == ReportStatus::closed;
  document.status = closed ? voice.say("Clos", "Closed") : voice.say("Provisoire", "Provisional");
  const auto fact = [&](std::string name, std::string value) {
    document.cover.emplace_back(std::move(name), std::move(value));
  };
  fact(voice.say("Fonds", "Fund"), balance.fund.name);
  if (!balance.fund.label.empty()) fact(voice.say("Projet", "Project"), balance.fund.label);
  if (!balance.fund.award.empty()) fact(voice.say("Subvention", "Award"), balance.fund.award);
  fact(voice.say("Exercice", "Fiscal year"),
       year_words(report, voice) + calendar_words(balance.fund, voice));
  fact(voice.say("Période", "Period"),
       voice.say("{}, arrêté au {}", "{}, as of {}", voice.month(report.month),
                 voice.long_day(balance.as_of)));
  fact(voice.say("État", "Status"), document.status);
  if (balance.budget) {
    fact(voice.say("Version du budget", "Budget version"), std::to_string(balance.version));
  }
  fact(voice.say("Établi le", "Drawn up on"), voice.long_day(report.drawn_up));
  fact(voice.say("Registre", "Ledger"),
       voice.say("{} écritures, empreinte {}", "{} entries, fingerprint {}", report.head.entries,
                 report.head.hash));
  document.cover_note = voice.say("Chiffres non audités.", "Figures not audited.");
  if (!closed) {
    document.cover_note += voice.say(" Le mois n'est pas clos : du travail peut s'y ajouter.",
                                     " The month is not closed: work may still be added.");
  }
}

} // namespace

std::string fund_title(const Fund& fund) {
  return fund.award.empty() ? fund.name : fund.name + ", " + fund.award;
}

std::string basis_title(Basis basis, const Voice& voice) {
  return basis_words(report_words(voice.language()), basis);
}

ReportDocument compose_report(const MonthlyReport& report, core::Language language) {
  const Voice voice(language);
  ReportDocument document;
  document.language = voice.french() ? "fr-CA" : "en-CA";
  document.title = voice.say("Rapport mensuel — {} — {}", "Monthly report — {} — {}",
                             voice.month(report.month), report.balance.fund.name);
  document.footer = report.balance.fund.name + " · " + voice.month(report.month) + " · " +
                    report.head.hash.substr(0, 12);
  document.created = core::format_date(report.drawn_up);
  document.contents_title = voice.say("Sommaire", "Contents");
  compose_cover(report, voice, document);
  document.box = compose_box(report, voice);
  for (const auto compose :
       {compose_lines, compose_variances, compose_figures, compose_work, compose_forecast,
        compose_quotes, compose_reconciliation, compose_commitments, compose_corrections}) {
    document.sections.push_back(compose(report, voice));
  }
  for (const auto& foreign : report.foreign) {
    document.sections.push_back(voice.french() ? foreign.french : foreign.english);
  }
  document.sections.push_back(compose_signatures(report, voice));
  document.sections.push_back(compose_annex(report, voice));
  return document;
}

} // namespace intendance::billing
