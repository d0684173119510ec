// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/report/model.hpp"

namespace intendance::billing {

// A month with what reports must bear: two services, a reversal, late work, formulas and long
// texts, a charge, an engagement, an invoice that does not agree.
MonthlyReport sample_report();
// The beginning of that, without what lies around the entries.
inline MonthlyReport sample_entries() {
  const std::vector<TaxRate> quebec = {{"TPS", 5000, 67000}, {"TVQ", 9975, 47000}};
  const auto day = [](const char* text) { return core::parse_date(text); };
  const CatalogueItem omeka{"expositions", "Expositions (Omeka)", "Expositions (Omeka)"};
  const CatalogueItem tei{"tei", "", ""};
  const CatalogueItem maintenance{"maintenance", "maintenance", "maintenance"};
  const CatalogueItem development{"development", "développement", "development"};

  MonthlyReport report;
  report.month = parse_month("2026-10");
  report.drawn_up = day("2026-11-03");
  report.head = {121, std::string(64, 'a')};
  auto& balance = report.balance;
  balance.fund = {"F-1234", "Fonctionnement", "CRSH 435-2026-0000", "grant", 4};
  balance.year = fiscal_year(2026, 4);
  balance.budget = Cents(2400000);
  balance.version = 1;
  balance.as_of = day("2026-10-31");
  balance.total = tax_invoice(Cents(540000), quebec);
  balance.work = Minutes(2700);
  report.month_total = tax_invoice(Cents(44400), quebec);
  report.month_work = Minutes(222);
  report.affordable = Minutes(8510);
  report.lines = {
      {omeka, development, Minutes(120), Cents(24000), Minutes(1200), Cents(240000)},
      {omeka, maintenance, Minutes(102), Cents(20400), Minutes(1400), Cents(280000)},
      {tei, maintenance, Minutes(0), Cents(0), Minutes(100), Cents(20000)},
  };
  const auto entry = [&](std::int64_t number, std::int64_t minutes, const char* activity,
                         const char* description) {
    Entry each;
    each.number = number;
    each.id = "00000000-0000-4000-8000-000000000" + std::to_string(number);
    each.work = Minutes(minutes);
    each.worked_on = each.posted_on = day("2026-10-12");
    each.fund = "F-1234";
    each.vendor = "koumbit";
    each.service = "expositions";
    each.activity = activity;
    each.person = "sysadmin";
    each.description = description;
    each.per_hour = Cents(12000);
    each.amount = Cents(minutes * 200);
    each.recorded_by = "intendance";
    each.recorded_at = "2026-10-12T15:00:00Z";
    return each;
  };
  report.entries = {
      entry(118, 120, "development", "=HYPERLINK(\"http://example.org\"; \"cliquez\")"),
      entry(119, 90, "maintenance",
            "mise à jour d'Omeka, des modules et du thème, puis contrôle "
            "des pages les plus visitées, y compris « à propos »"),
      entry(120, -90, "maintenance", "inscrite deux fois"),
      entry(121, 102, "maintenance", "mise à jour d'Omeka"),
  };
  report.entries[1].reversed_by = 120;
  report.entries[2].reverses = 119;
  report.entries[3].worked_on = day("2026-09-29");
  return report;
}

} // namespace intendance::billing
