// SPDX-License-Identifier: AGPL-3.0-or-later
// Lines of the budget, their variances, work, the forecast, quotes.
#include "billing/forecast/render.hpp"
#include "billing/report/compose.hpp"
#include "billing/report/words.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

Cell money_or_nothing(const std::optional<Cents>& amount) {
  return amount ? Cell(*amount) : Cell(std::string("—"));
}

Row post_row(const Post& post, const Voice& voice) {
  return {{voice.label(post.category), post.month, post.year,
           post.budget ? Cell(share_of(post.year.count(), post.budget->count())) : Cell("—"),
           post.plan, post.variance(),
           post.plan > Cents(0)
               ? Cell(Percent{proportion(post.variance().count(), 1000, post.plan.count()) * 100})
               : Cell("—"),
           post.engaged, money_or_nothing(post.available()), post.forecast}};
}

Post total_of(const MonthlyReport& report) {
  Post total;
  for (const auto& post : report.posts) {
    total.month += post.month;
    total.year += post.year;
    total.plan += post.plan;
    total.engaged += post.engaged;
    total.forecast += post.forecast;
  }
  total.budget = report.balance.budget;
  return total;
}

std::string cause_words(const Cause& cause, const Voice& voice) {
  const auto amount = voice.money(cause.amount);
  switch (cause.code) {
  case CauseCode::largest_work:
    return voice.say("le plus gros du travail : {}, {} ({} avant taxes, {} de l'exercice)",
                     "most of the work: {}, {} ({} before taxes, {} of the year)",
                     voice.label(cause.service), voice.label(cause.activity), amount,
                     voice.percent(cause.share));
  case CauseCode::engaged_work:
    return voice.say("{} avant taxes de travaux commandés d'avance (engagements)",
                     "{} before taxes of work ordered in advance (engagements)", amount);
  case CauseCode::dear_month:
    return voice.say(
        "{} a coûté {} à lui seul, {} de l'exercice", "{} alone cost {}, {} of the year",
        cause.month ? voice.month(*cause.month) : "", amount, voice.percent(cause.share));
  case CauseCode::quiet_months:
    return voice.say("mois sans aucune dépense : {}", "months without any spending: {}",
                     cause.count);
  case CauseCode::at_once:
    return voice.say("{} de frais récurrents payés en {} fois, alors que le plan compte douze mois "
                     "égaux",
                     "{} of recurring costs paid in {} times, where the plan counts twelve equal "
                     "months",
                     amount, cause.count);
  case CauseCode::bought_once:
    return voice.say("{} d'achats uniques ({})", "{} bought once ({})", amount, cause.count);
  case CauseCode::due_later:
    return voice.say("{} de frais connus restent à échoir dans l'exercice ({})",
                     "{} of known costs are still to fall due in the year ({})", amount,
                     cause.count);
  case CauseCode::engaged_later:
    return voice.say("{} sont engagés et ne sont pas encore utilisés",
                     "{} are engaged and not used yet", amount);
  case CauseCode::unplanned:
    return voice.say("aucun poste du budget ne prévoit cette dépense",
                     "no line of the budget foresees this spending");
  }
  return "";
}

std::string variance_words(const Post& post, const Voice& voice) {
  const bool more = post.variance() > Cents(0);
  const auto size = more ? post.variance() : -post.variance();
  auto words = more
                   ? voice.say("{} : {} de plus que le plan à ce jour ({}). ",
                               "{}: {} more than planned so far ({}). ", voice.label(post.category),
                               voice.money(size), voice.money(post.plan))
                   : voice.say("{} : {} de moins que le plan à ce jour ({}). ",
                               "{}: {} less than planned so far ({}). ", voice.label(post.category),
                               voice.money(size), voice.money(post.plan));
  words += voice.say("Causes : ", "Causes: ");
  if (post.causes.empty()) {
    words += voice.say("le registre n'en nomme aucune", "the ledger names none");
  }
  bool first = true;
  for (const auto& cause : post.causes) {
    words += (first ? "" : voice.say(" ; ", "; ")) + cause_words(cause, voice);
    first = false;
  }
  words += ". ";
  if (!post.budget) return words;
  const auto left = *post.budget - post.forecast;
  return words +
         (left < Cents(0)
              ? voice.say("Effet prévu : dépassement du poste de {}.",
                          "Expected effect: the line is exceeded by {}.", voice.dollars(-left))
              : voice.say("Effet prévu : {} resteront au poste à la fin de l'exercice.",
                          "Expected effect: {} will be left in the line at the year's end.",
                          voice.dollars(left)));
}

Row taxes_row(std::string name, Cents month, Cents year) {
  return {{std::move(name), std::monostate(), month, std::monostate(), year}};
}

TaxAmount same_tax(const TaxedTotal& total, const TaxAmount& wanted) {
  for (const auto& tax : total.taxes) {
    if (tax.rate == wanted.rate) return tax;
  }
  return {wanted.rate, Cents(0), Cents(0)};
}

// The year's taxes, with the month's of the same rate beside them.
void add_totals(const MonthlyReport& report, const Voice& voice, Table& table) {
  const auto& month = report.month_total;
  const auto& year = report.balance.total;
  const auto name = [&](const TaxAmount& tax) {
    return tax_label(tax.rate.name, voice.language());
  };
  table.rows.push_back({{voice.say("Total avant taxes", "Total before taxes"), report.month_work,
                         month.before_tax, report.balance.work, year.before_tax},
                        RowKind::total});
  for (const auto& tax : year.taxes) {
    table.rows.push_back(taxes_row(name(tax) + " " + voice.percent({tax.rate.parts}),
                                   same_tax(month, tax).tax, tax.tax));
  }
  table.rows.push_back(
      taxes_row(voice.say("Total brut", "Gross total"), month.gross(), year.gross()));
  for (const auto& tax : year.taxes) {
    table.rows.push_back(taxes_row(voice.say("Remboursement {} {}", "{} rebate {}", name(tax),
                                             voice.percent({tax.rate.rebate_parts})),
                                   -same_tax(month, tax).rebate, -tax.rebate));
  }
  table.rows.push_back({{voice.say("Net des remboursements", "Net of rebates"), std::monostate(),
                         month.net(), std::monostate(), year.net()},
                        RowKind::total});
}

} // namespace

Section compose_lines(const MonthlyReport& report, const Voice& voice) {
  Section section{"lines", voice.say("Postes budgétaires", "Budget lines"), {}};
  Table table;
  table.caption = voice.say("Dépenses par poste, {}", "Spending by line, {}",
                            basis_title(report.balance.basis, voice));
  table.columns = {voice.say("Poste", "Line"),
                   voice.say("Mois", "Month"),
                   voice.say("Exercice à ce jour", "Year to date"),
                   voice.say("% du budget", "% of budget"),
                   voice.say("Plan à ce jour", "Plan to date"),
                   voice.say("Écart", "Variance"),
                   voice.say("Écart %", "Variance %"),
                   voice.say("Engagements", "Engaged"),
                   voice.say("Disponible", "Available"),
                   voice.say("Prévision", "Forecast")};
  for (const auto& post : report.posts) table.rows.push_back(post_row(post, voice));
  auto total = post_row(total_of(report), voice);
  total.cells[0] = voice.say("Total", "Total");
  total.kind = RowKind::total;
  table.rows.push_back(std::move(total));
  section.blocks.push_back(std::move(table));
  section.blocks.push_back(Note{voice.say("Plan : douze mois égaux. Prévision : ce que l'exercice "
                                          "aura coûté ; aux autres postes que le "
                                          "travail, ce qui est dépensé, connu et engagé.",
                                          "Plan: twelve equal months. Forecast: what the year will "
                                          "have cost; for lines other than work, "
                                          "what is spent, known and engaged.")});
  return section;
}

Section compose_variances(const MonthlyReport& report, const Voice& voice) {
  Section section{"variances", voice.say("Écarts expliqués", "Variances explained"), {}};
  Bullets bullets;
  for (const auto& post : report.posts) {
    if (post.must_be_explained()) bullets.items.push_back(capitalised(variance_words(post, voice)));
  }
  if (bullets.items.empty()) {
    section.blocks.push_back(Paragraph{
        voice.say("Aucun poste ne s'écarte de son plan de plus de 10 % et de plus de 250 $.",
                  "No line differs from its plan by more than 10% and more than $250.")});
    return section;
  }
  section.blocks.push_back(std::move(bullets));
  section.blocks.push_back(
      Blanks{{voice.say("Commentaire et mesures", "Comment and measures"), ""}});
  return section;
}

Section compose_figures(const MonthlyReport& report, const Voice& voice) {
  Section section{"figures", voice.say("Graphiques", "Charts"), {}};
  section.blocks.push_back(draw_course(report, voice));
  if (!report.lines.empty()) section.blocks.push_back(draw_work(report, voice));
  if (report.balance.budget) section.blocks.push_back(draw_waterfall(report, voice));
  return section;
}

Section compose_work(const MonthlyReport& report, const Voice& voice) {
  Section section{
      "work", voice.say("Travaux par service et activité", "Work by service and activity"), {}};
  if (report.lines.empty()) {
    section.blocks.push_back(Paragraph{voice.say("Aucun travail n'est inscrit pour cet exercice.",
                                                 "No work is recorded for this fiscal year.")});
    return section;
  }
  Table table;
  table.caption = voice.say("Montants avant taxes, puis taxes et remboursements",
                            "Amounts before taxes, then taxes and rebates");
  table.columns = {voice.say("Service, activité", "Service, activity"),
                   voice.say("Travail du mois", "Work this month"),
                   voice.say("Montant du mois", "Amount this month"),
                   voice.say("Travail de l'exercice", "Work year to date"),
                   voice.say("Montant de l'exercice", "Amount year to date")};
  for (const auto& line : report.lines) {
    table.rows.push_back({{voice.label(line.service) + ", " + voice.label(line.activity),
                           line.month_work, line.month_amount, line.year_work, line.year_amount}});
  }
  add_totals(report, voice, table);
  section.blocks.push_back(std::move(table));
  section.blocks.push_back(
      Note{voice.say("Taxes calculées comme si chaque mois d'un fournisseur était une facture.",
                     "Taxes computed as if each month of a supplier were one invoice.")});
  return section;
}

Section compose_forecast(const MonthlyReport& report, const Voice& voice) {
  Section section{
      "forecast",
      voice.say("Prévision, risques et incertitudes", "Forecast, risks and uncertainties"),
      {}};
  const auto& cost = report.forecast.cost;
  section.blocks.push_back(Paragraph{
      voice.say("Coût prévu de l'exercice : {} ; 8 fois sur 10, entre {} et {}.",
                "Expected cost of the year: {}; 8 times in 10, between {} and {}.",
                voice.dollars(cost.middle), voice.dollars(cost.low), voice.dollars(cost.high))});
  Bullets bullets;
  for (const auto* reasons : {&report.forecast.budget_reasons, &report.forecast.cost_reasons}) {
    for (const auto& reason : *reasons) {
      bullets.items.push_back(voice.sentence(reason_words(reason, voice.language())));
    }
  }
  for (const auto& engagement : report.engagements) {
    if (engagement.over <= Cents(0)) continue;
    bullets.items.push_back(voice.say("L'engagement {} est dépassé de {} avant taxes.",
                                      "The engagement {} is exceeded by {} before taxes.",
                                      engagement.name, voice.money(engagement.over)));
  }
  if (!bullets.items.empty()) section.blocks.push_back(std::move(bullets));
  return section;
}

Section compose_quotes(const MonthlyReport& report, const Voice& voice) {
  Section section{"quotes", voice.say("Devis et réel", "Quotes against actuals"), {}};
  Table table;
  table.caption = voice.say("Devis acceptés, avant taxes", "Accepted quotes, before taxes");
  table.columns = {voice.say("Devis", "Quote"),
                   voice.say("Heures approuvées", "Hours approved"),
                   voice.say("Heures utilisées", "Hours used"),
                   voice.say("Montant approuvé", "Amount approved"),
                   voice.say("Utilisé", "Used"),
                   voice.say("Part utilisée", "Share used"),
                   voice.say("Reste", "Left"),
                   voice.say("Coût à la fin", "Cost at the end")};
  for (const auto& each : report.engagements) {
    if (each.kind != kind_name(EngagementKind::quote)) continue;
    table.rows.push_back(
        {{each.quote.value_or(each.name) + " · " + each.description,
          each.work ? Cell(*each.work) : Cell("—"), each.used_work, each.amount, each.used,
          share_of(each.used.count(), each.amount.count()), each.left, each.used + each.left}});
  }
  if (table.rows.empty()) {
    section.blocks.push_back(
        Paragraph{voice.say("Aucun devis n'est accepté.", "No quote is accepted.")});
  } else {
    section.blocks.push_back(std::move(table));
    section.blocks.push_back(Note{voice.say(
        "Coût à la fin : ce qui est utilisé et ce qui reste ; l'avancement des travaux n'est pas "
        "inscrit au registre.",
        "Cost at the end: what is used and what is left; how far the work has come is not recorded "
        "in the ledger.")});
  }
  for (const auto& quote : report.open_quotes) {
    section.blocks.push_back(Paragraph{voice.say(
        "En attente d'une réponse : {} du {}, {}.", "Waiting for an answer: {} of {}, {}.",
        quote.number, voice.day(quote.quoted_on), quote.description)});
  }
  return section;
}

} // namespace intendance::billing
