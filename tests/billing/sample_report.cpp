// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/billing/sample_report.hpp"

namespace intendance::billing {
namespace {

const std::vector<TaxRate> quebec = {{"TPS", 5000, 67000}, {"TVQ", 9975, 47000}};
Date day(const char* text) { return core::parse_date(text); }

void add_costs(MonthlyReport& report) {
  Charge charge;
  charge.cost = "7d3c1a52-0000-4000-8000-000000000001";
  charge.due_on = charge.posted_on = day("2026-10-15");
  charge.kind = CostKind::recurring;
  charge.service = "expositions";
  charge.fund = "F-1234";
  charge.category = "hosting";
  charge.description = "domaine expositions.example.org";
  charge.amount = Cents(4000);
  report.charges = {charge};
  report.month_costs = report.balance.costs = tax_invoice(Cents(4000), quebec);
}

void add_engagements(MonthlyReport& report) {
  Engagement engagement;
  engagement.name = "E-2026-01";
  engagement.kind = "quote";
  engagement.fund = "F-1234";
  engagement.vendor = "koumbit";
  engagement.service = "tei";
  engagement.activity = "development";
  engagement.category = "services";
  engagement.quote = "D-2026-07";
  engagement.description = "recherche plein texte du corpus";
  engagement.accepted_by = "M. Roy";
  engagement.accepted_on = day("2026-08-20");
  engagement.expected_by = day("2026-12-15");
  engagement.work = Minutes(900);
  engagement.amount = Cents(180000);
  engagement.used_work = Minutes(300);
  engagement.used = engagement.posted = Cents(60000);
  engagement.left = Cents(120000);
  engagement.state = "posted in part";
  report.engagements = {engagement};
  report.balance.engaged = tax_invoice(Cents(120000), quebec);
  Quote quote;
  quote.vendor = "koumbit";
  quote.number = "D-2026-11";
  quote.quoted_on = day("2026-10-28");
  quote.valid_until = day("2026-11-30");
  quote.service = "expositions";
  quote.activity = "development";
  quote.work = Minutes(600);
  quote.amount = Cents(120000);
  quote.description = "thème accessible d'Omeka";
  report.open_quotes = {quote};
}

void add_outlook(MonthlyReport& report) {
  report.course = {
      {parse_month("2026-04"), Cents(64162)},          {parse_month("2026-05"), Cents(64162)},
      {parse_month("2026-06"), Cents(179653)},         {parse_month("2026-07"), Cents(249819)},
      {parse_month("2026-08"), Cents(372151)},         {parse_month("2026-09"), Cents(533984)},
      {parse_month("2026-10"), report.balance.spent()}};
  auto& forecast = report.forecast;
  forecast.year = report.balance.year;
  forecast.today = day("2026-11-01");
  forecast.budget = report.balance.budget;
  forecast.spent = report.balance.spent();
  forecast.cost = {Cents(902000), Cents(1134000), Cents(1421000)};
  forecast.verdict = Verdict::underspent;
  forecast.unspent = Estimate{Cents(979000), Cents(1266000), Cents(1498000)};
  forecast.underspending = true;
  forecast.cost_reasons = {
      {ReasonCode::pace, Cents(95000), Cents(200000), 7, 31, std::nullopt},
      {ReasonCode::engagements, Cents(102000), Cents(128324), 1, 0, std::nullopt}};
  forecast.budget_reasons = {
      {ReasonCode::underspent, Cents(1266000), Cents(979000), 0, 53, day("2027-03-31")}};
}

void add_posts(MonthlyReport& report) {
  Post services;
  services.category = {"services", "services professionnels et techniques",
                       "professional and technical services"};
  services.month = report.month_total.net();
  services.year = report.balance.total.net();
  services.budget = Cents(2300000);
  services.plan = Cents(1341667);
  services.engaged = report.balance.engaged.net();
  services.forecast = Cents(1129722);
  services.causes = {{.code = CauseCode::quiet_months, .count = 1},
                     {.code = CauseCode::largest_work,
                      .amount = Cents(280000),
                      .share = Percent{51900},
                      .service = {"expositions", "Expositions (Omeka)", "Expositions (Omeka)"},
                      .activity = {"maintenance", "maintenance", "maintenance"}},
                     {.code = CauseCode::engaged_later, .amount = services.engaged}};
  Post hosting;
  hosting.category = {"hosting", "hébergement, domaines et licences",
                      "hosting, domains and licences"};
  hosting.month = hosting.year = hosting.forecast = report.balance.costs.net();
  hosting.budget = Cents(100000);
  hosting.plan = Cents(58333);
  hosting.causes = {};
  report.posts = {services, hosting};
}

// Of the month before its date, a line a piece of work.
Invoice hours_invoice(const char* number, const char* dated, const std::vector<int>& minutes) {
  Invoice invoice;
  invoice.vendor = "koumbit";
  invoice.number = number;
  invoice.dated = day(dated);
  const auto month = month_of(std::chrono::sys_days(invoice.dated) - std::chrono::days(5));
  invoice.period = days_of(month);
  invoice.buyer = "Université de Montréal";
  invoice.terms = "net 30";
  invoice.tps_number = "123456789RT0001";
  invoice.tvq_number = "1234567890TQ0001";
  for (const auto each : minutes) {
    InvoiceLine line;
    line.number = static_cast<int>(invoice.lines.size()) + 1;
    line.fund = "F-1234";
    line.work = Minutes(each);
    line.amount = price(line.work.value(), Cents(12000));
    invoice.lines.push_back(line);
  }
  const auto taxes = tax_invoice(invoice.before_tax(), quebec).taxes;
  invoice.tps = taxes[0].tax;
  invoice.tvq = taxes[1].tax;
  return invoice;
}

// Against work that was logged so.
CheckedInvoice check(const Invoice& invoice, const std::vector<int>& minutes) {
  ReconciliationInput input;
  input.invoice = invoice;
  input.tax_rates = quebec;
  for (const auto each : minutes) {
    Billable billable;
    auto& entry = billable.entry;
    billable.line = static_cast<int>(input.entries.size()) + 1;
    entry.number = 40 + *billable.line;
    entry.worked_on = entry.posted_on = invoice.period.from;
    entry.fund = "F-1234";
    entry.vendor = invoice.vendor;
    entry.work = Minutes(each);
    entry.per_hour = Cents(12000);
    entry.amount = price(entry.work, entry.per_hour);
    input.entries.push_back(std::move(billable));
  }
  return {"Koumbit", reconcile(input)};
}

void add_proofs(MonthlyReport& report) {
  auto settled = hours_invoice("2026-0917", "2026-10-01", {390, 120, 60});
  settled.payments = {
      {"00000000-0000-4000-8000-000000000021", day("2026-10-20"), settled.total(), "", {}, {}}};
  const auto good = check(settled, {390, 120, 60});
  const auto bad = check(hours_invoice("2026-1017", "2026-11-02", {120, 90, 42}), {120, 60, 42});
  report.accrued = tax_invoice(Cents(36000), quebec).net();
  report.reconciliation = {{bad, good}, 2, Minutes(180), Cents(36000), report.accrued};
  report.upcoming = {{day("2026-11-30"), UpcomingKind::quote_lapses,
                      "D-2026-11 · thème accessible d'Omeka",
                      "D-2026-11 · thème accessible d'Omeka", Cents(120000)},
                     {day("2026-12-15"), UpcomingKind::engagement_due,
                      "E-2026-01 · recherche plein texte du corpus",
                      "E-2026-01 · recherche plein texte du corpus", Cents(120000)},
                     {day("2027-03-31"), UpcomingKind::year_end, "", "", std::nullopt}};
  EvidenceDocument proof;
  proof.sha256 = std::string(64, 'b');
  proof.name = "facture-2026-1017.pdf";
  proof.media_type = "application/pdf";
  proof.bytes = 48213;
  proof.of = "2026-1017";
  report.evidence = {proof};
}

ForeignSection drills() {
  const auto section = [](const char* title, const char* caption, std::vector<std::string> columns,
                          const char* result) {
    Table table{caption,
                std::move(columns),
                {{{std::string("tei"), core::parse_date("2026-10-24"), std::string(result)}}}};
    return Section{"drills", title, {std::move(table)}};
  };
  return {section("Restaurations éprouvées", "Essais de restauration du mois",
                  {"Travail de sauvegarde", "Essayé le", "Résultat"}, "réussi en 4 min 10 s"),
          section("Proven restores", "Restores tried this month",
                  {"Backup job", "Tried on", "Result"}, "restored in 4 min 10 s")};
}

} // namespace

MonthlyReport sample_report() {
  auto report = sample_entries();
  add_costs(report);
  add_engagements(report);
  add_outlook(report);
  add_posts(report);
  add_proofs(report);
  report.assessment = assess(report);
  report.foreign = {drills()};
  return report;
}

} // namespace intendance::billing
