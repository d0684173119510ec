// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/json_parts.hpp"

#include "billing/forecast/render.hpp"
#include "billing/ledger/json.hpp"
#include "billing/report/voice.hpp"

#include <array>

namespace intendance::billing {
namespace {

using Json = nlohmann::ordered_json;

Json day_or_null(const std::optional<Date>& day) {
  return day ? Json(core::format_date(*day)) : Json(nullptr);
}
template <class Quantity>
Json count_or_null(const std::optional<Quantity>& quantity) {
  return quantity ? Json(quantity->count()) : Json(nullptr);
}

Json post_json(const Post& post, const Voice& voice) {
  return {{"line", post.category.name},
          {"label", voice.label(post.category)},
          {"month_cents", post.month.count()},
          {"year_cents", post.year.count()},
          {"budget_cents", count_or_null(post.budget)},
          {"plan_cents", post.plan.count()},
          {"variance_cents", post.variance().count()},
          {"to_be_explained", post.must_be_explained()},
          {"engaged_cents", post.engaged.count()},
          {"available_cents", count_or_null(post.available())},
          {"forecast_cents", post.forecast.count()}};
}

Json charge_json(const Charge& charge) {
  return {{"cost_id", charge.cost},
          {"due_on", core::format_date(charge.due_on)},
          {"posted_on", core::format_date(charge.posted_on)},
          {"kind", kind_name(charge.kind)},
          {"service", charge.service},
          {"line", charge.category},
          {"engagement", charge.engagement ? Json(*charge.engagement) : Json(nullptr)},
          {"description", charge.description},
          {"cents", charge.amount.count()}};
}

Json checked_invoice_json(const CheckedInvoice& checked) {
  const auto& invoice = checked.invoice();
  auto json = reconciliation_json(checked.reconciliation);
  json["kept"] = checked.reconciliation.kept();
  json["dated"] = core::format_date(invoice.dated);
  json["period"] = {{"from", core::format_date(invoice.period.from)},
                    {"to", core::format_date(invoice.period.to)}};
  json["adjusted_cents"] = checked.adjusted().count();
  json["tax_cents"] = (invoice.tps + invoice.tvq).count();
  json["total_cents"] = invoice.total().count();
  json["paid_cents"] = invoice.paid().count();
  return json;
}

const char* kind_name(UpcomingKind kind) {
  constexpr std::array<const char*, 6> names = {"grant_end",      "funder_report", "cost_expires",
                                                "engagement_due", "quote_lapses",  "year_end"};
  return names.at(static_cast<std::size_t>(kind));
}

const char* code_name(DecisionCode code) {
  constexpr std::array<const char*, 10> names = {
      "set_budget",        "raise_or_reduce", "provide_margin",   "engage_or_carry", "answer_quote",
      "settle_engagement", "contest_invoice", "complete_invoice", "hand_in",         "renew"};
  return names.at(static_cast<std::size_t>(code));
}

Json assessment_json(const Assessment& assessment, const Voice& voice) {
  constexpr std::array<const char*, 3> lights = {"green", "amber", "red"};
  Json decisions = Json::array();
  for (const auto& decision : assessment.decisions) {
    decisions.push_back(
        {{"code", code_name(decision.code)},
         {"subject", voice.french() ? decision.subject_french : decision.subject_english},
         {"cents", count_or_null(decision.amount)},
         {"by", day_or_null(decision.by)}});
  }
  return {{"light", lights.at(static_cast<std::size_t>(assessment.light))},
          {"decisions", std::move(decisions)}};
}

Json upcoming_json(const std::vector<Upcoming>& upcoming, const Voice& voice) {
  Json days = Json::array();
  for (const auto& each : upcoming) {
    days.push_back({{"day", core::format_date(each.day)},
                    {"kind", kind_name(each.kind)},
                    {"subject", voice.french() ? each.subject_french : each.subject_english},
                    {"cents", count_or_null(each.amount)}});
  }
  return days;
}

Json table_json(const Table& table, const Voice& voice) {
  Json rows = Json::array();
  for (const auto& row : table.rows) {
    Json cells = Json::array();
    for (const auto& cell : row.cells) cells.push_back(voice.cell(cell));
    rows.push_back(std::move(cells));
  }
  return {{"caption", table.caption}, {"columns", table.columns}, {"rows", std::move(rows)}};
}

// What is drawn or left blank for a pen is no data.
struct BlockJson {
  const Voice& voice;
  Json operator()(const Paragraph& paragraph) const { return paragraph.text; }
  Json operator()(const Note& note) const { return note.text; }
  Json operator()(const Bullets& bullets) const { return bullets.items; }
  Json operator()(const Table& table) const { return table_json(table, voice); }
  Json operator()(const Figure& figure) const { return table_json(figure.data, voice); }
  Json operator()(const Blanks&) const { return nullptr; }
};

Json section_json(const Section& section, const Voice& voice) {
  Json blocks = Json::array();
  for (const auto& block : section.blocks) {
    auto json = std::visit(BlockJson{voice}, block);
    if (!json.is_null()) blocks.push_back(std::move(json));
  }
  return {{"name", section.name}, {"title", section.title}, {"blocks", std::move(blocks)}};
}

} // namespace

void add_report_parts(Json& document, const MonthlyReport& report, core::Language language) {
  const Voice voice(language);
  document["actual_cents"] = report.actual().count();
  document["accrued_cents"] = report.accrued.count();
  document["engaged_cents"] = report.balance.engaged.on(report.balance.basis).count();
  document["assessment"] = assessment_json(report.assessment, voice);
  document["forecast"] =
      forecast_json({report.balance.fund, report.balance.basis, report.forecast});
  const auto list = [&](const char* name, const auto& values, const auto& json_of) {
    Json array = Json::array();
    for (const auto& value : values) array.push_back(json_of(value));
    document[name] = std::move(array);
  };
  list("budget_lines", report.posts, [&](const Post& post) { return post_json(post, voice); });
  list("charges", report.charges, charge_json);
  list("engagements", report.engagements,
       [](const Engagement& engagement) { return engagement_json(engagement); });
  list("open_quotes", report.open_quotes, [](const Quote& quote) { return quote_json(quote); });
  list("invoices", report.reconciliation.invoices, checked_invoice_json);
  document["unbilled"] = {{"entries", report.reconciliation.unbilled_entries},
                          {"minutes", report.reconciliation.unbilled_work.count()},
                          {"before_tax_cents", report.reconciliation.unbilled.count()}};
  document["upcoming"] = upcoming_json(report.upcoming, voice);
  list("documents", report.evidence, [](const EvidenceDocument& proof) {
    return Json{{"of", proof.of}, {"name", proof.name}, {"sha256", proof.sha256}};
  });
  list("sections", report.foreign, [&](const ForeignSection& foreign) {
    return section_json(voice.french() ? foreign.french : foreign.english, voice);
  });
}

} // namespace intendance::billing
