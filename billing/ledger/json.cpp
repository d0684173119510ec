// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/json.hpp"

namespace intendance::billing {

using Json = nlohmann::ordered_json;

namespace {

Json or_null(const std::optional<std::string>& text) { return text ? Json(*text) : Json(nullptr); }
Json or_null(const std::optional<Date>& day) {
  return day ? Json(core::format_date(*day)) : Json(nullptr);
}
template <class Quantity>
Json count_or_null(const std::optional<Quantity>& quantity) {
  return quantity ? Json(quantity->count()) : Json(nullptr);
}

} // namespace

Json entry_json(const Entry& entry) {
  return {{"number", entry.number},
          {"id", entry.id},
          {"worked_on", core::format_date(entry.worked_on)},
          {"posted_on", core::format_date(entry.posted_on)},
          {"fund", entry.fund},
          {"vendor", entry.vendor},
          {"service", entry.service},
          {"activity", entry.activity},
          {"person", entry.person},
          {"description", entry.description},
          {"engagement", or_null(entry.engagement)},
          {"minutes", entry.work.count()},
          {"cents_per_hour", entry.per_hour.count()},
          {"cents", entry.amount.count()},
          {"reverses", entry.reverses ? Json(*entry.reverses) : Json(nullptr)},
          {"reversed_by", entry.reversed_by ? Json(*entry.reversed_by) : Json(nullptr)},
          {"recorded_by", entry.recorded_by},
          {"recorded_at", entry.recorded_at}};
}

Json balance_json(const Balance& balance) {
  const auto available = balance.available();
  return {{"fund", balance.fund.name},
          {"label", balance.fund.label},
          {"year", balance.year.year},
          {"from", core::format_date(balance.year.days.from)},
          {"to", core::format_date(balance.year.days.to)},
          {"basis", basis_name(balance.basis)},
          {"budget_cents", balance.budget ? Json(balance.budget->count()) : Json(nullptr)},
          {"budget_version", balance.budget ? Json(balance.version) : Json(nullptr)},
          {"spent_cents", balance.spent().count()},
          {"spent_net_cents", balance.spent_total().net().count()},
          {"spent_gross_cents", balance.spent_total().gross().count()},
          {"spent_before_tax_cents", balance.spent_total().before_tax.count()},
          {"spent_costs_cents", balance.costs.on(balance.basis).count()},
          {"engaged_cents", balance.engaged.on(balance.basis).count()},
          {"available_cents", available ? Json(available->count()) : Json(nullptr)},
          {"minutes", balance.work.count()},
          {"as_of", core::format_date(balance.as_of)}};
}

Json quote_json(const Quote& quote) {
  return {{"vendor", quote.vendor},
          {"number", quote.number},
          {"quoted_on", core::format_date(quote.quoted_on)},
          {"valid_until", or_null(quote.valid_until)},
          {"service", quote.service},
          {"activity", quote.activity},
          {"minutes", count_or_null(quote.work)},
          {"cents", count_or_null(quote.amount)},
          {"description", quote.description},
          {"document", or_null(quote.document)},
          {"engagement", or_null(quote.engagement)}};
}

Json engagement_json(const Engagement& engagement) {
  return {{"name", engagement.name},
          {"kind", engagement.kind},
          {"state", engagement.state},
          {"fund", engagement.fund},
          {"vendor", engagement.vendor},
          {"service", engagement.service},
          {"activity", or_null(engagement.activity)},
          {"line", engagement.category},
          {"quote", or_null(engagement.quote)},
          {"description", engagement.description},
          {"accepted_by", engagement.accepted_by},
          {"accepted_on", core::format_date(engagement.accepted_on)},
          {"expected_by", or_null(engagement.expected_by)},
          {"minutes", count_or_null(engagement.work)},
          {"used_minutes", engagement.used_work.count()},
          {"cents", engagement.amount.count()},
          {"used_cents", engagement.used.count()},
          {"posted_cents", engagement.posted.count()},
          {"voided_cents", engagement.voided.count()},
          {"left_cents", engagement.left.count()},
          {"over_cents", engagement.over.count()}};
}

Json cost_json(const Cost& cost) {
  return {{"id", cost.id},
          {"kind", kind_name(cost.kind)},
          {"service", cost.service},
          {"fund", or_null(cost.fund)},
          {"vendor", or_null(cost.vendor)},
          {"line", cost.category},
          {"engagement", or_null(cost.engagement)},
          {"description", cost.description},
          {"cents", cost.amount.count()},
          {"taxable", cost.taxation == Taxation::taxable},
          {"first_on", core::format_date(cost.first_on)},
          {"period_months", cost.period_months ? Json(*cost.period_months) : Json(nullptr)},
          {"last_on", or_null(cost.last_on)},
          {"ended_on", or_null(cost.ended_on)},
          {"expires_on", or_null(cost.expires_on)},
          {"valuation", cost.valuation},
          {"document", or_null(cost.document)},
          {"reverses", or_null(cost.reverses)}};
}

Json closed_month_json(const ClosedMonth& closed) {
  Json reports = Json::array();
  for (const auto& report : closed.reports) {
    reports.push_back({{"fund", report.fund},
                       {"language", report.language},
                       {"format", report.format},
                       {"sha256", report.sha256},
                       {"bytes", report.bytes}});
  }
  Json signatures = Json::array();
  for (const auto& signature : closed.signatures) {
    signatures.push_back({{"fund", signature.fund},
                          {"step", signature.step},
                          {"signed_by", signature.signed_by},
                          {"signed_at", signature.signed_at},
                          {"comment", signature.comment}});
  }
  return {{"month", month_code(closed.month)},
          {"entries", closed.entries},
          {"head", closed.head},
          {"closed_by", closed.closed_by},
          {"closed_at", closed.closed_at},
          {"reports", std::move(reports)},
          {"signatures", std::move(signatures)}};
}

} // namespace intendance::billing
