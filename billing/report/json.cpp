// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/json.hpp"

#include "billing/report/json_parts.hpp"
#include "billing/report/render.hpp"

namespace intendance::billing {
namespace {

using Json = nlohmann::ordered_json;

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(value->count()) : Json(nullptr);
}

Json total_json(const TaxedTotal& total) {
  Json taxes = Json::array();
  for (const auto& amount : total.taxes) {
    taxes.push_back({{"name", amount.rate.name},
                     {"parts_per_100000", amount.rate.parts},
                     {"tax_cents", amount.tax.count()},
                     {"rebate_parts_per_100000", amount.rate.rebate_parts},
                     {"rebate_cents", amount.rebate.count()}});
  }
  return {{"before_tax_cents", total.before_tax.count()},
          {"taxes", std::move(taxes)},
          {"gross_cents", total.gross().count()},
          {"rebate_cents", total.rebate().count()},
          {"net_cents", total.net().count()}};
}

Json line_json(const ReportLine& line, bool french) {
  const auto label = [&](const CatalogueItem& item) {
    return french ? item.label_french : item.label_english;
  };
  return {{"service", line.service.name},
          {"service_label", label(line.service)},
          {"activity", line.activity.name},
          {"activity_label", label(line.activity)},
          {"month_minutes", line.month_work.count()},
          {"month_cents", line.month_amount.count()},
          {"year_minutes", line.year_work.count()},
          {"year_cents", line.year_amount.count()}};
}

} // namespace

std::string render_json(const MonthlyReport& report, core::Language language) {
  const auto& balance = report.balance;
  Json lines = Json::array();
  for (const auto& line : report.lines) {
    lines.push_back(line_json(line, language == core::Language::french));
  }
  Json entries = Json::array();
  for (const auto& entry : report.entries) entries.push_back(entry_json(entry));
  Json document = {{"month", month_code(report.month)},
                   {"status", report.status == ReportStatus::closed ? "closed" : "provisional"},
                   {"drawn_up", core::format_date(report.drawn_up)},
                   {"currency", "CAD"},
                   {"fund",
                    {{"name", balance.fund.name},
                     {"label", balance.fund.label},
                     {"award", balance.fund.award},
                     {"calendar", balance.fund.calendar}}},
                   {"year",
                    {{"name", balance.year.year},
                     {"from", core::format_date(balance.year.days.from)},
                     {"to", core::format_date(balance.year.days.to)}}},
                   {"ledger", {{"entries", report.head.entries}, {"head", report.head.hash}}},
                   {"basis", basis_name(balance.basis)},
                   {"as_of", core::format_date(balance.as_of)},
                   {"budget_cents", or_null(balance.budget)},
                   {"spent_cents", balance.spent().count()},
                   {"available_cents", or_null(balance.available())},
                   {"affordable_minutes", or_null(report.affordable)},
                   {"month_minutes", report.month_work.count()},
                   {"year_minutes", balance.work.count()},
                   {"month_total", total_json(report.month_total)},
                   {"year_total", total_json(balance.total)},
                   {"lines", std::move(lines)},
                   {"entries", std::move(entries)}};
  add_report_parts(document, report, language);
  return document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

} // namespace intendance::billing
