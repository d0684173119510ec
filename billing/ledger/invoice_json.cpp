// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/json.hpp"

namespace intendance::billing {

using Json = nlohmann::ordered_json;

namespace {

template <class Value>
Json or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json(nullptr);
}
Json or_null(const std::optional<Date>& day) {
  return day ? Json(core::format_date(*day)) : Json(nullptr);
}

Json line_json(const InvoiceLine& line) {
  return {{"line", line.number},
          {"kind", kind_name(line.kind)},
          {"fund", line.fund},
          {"service", or_null(line.service)},
          {"activity", or_null(line.activity)},
          {"worked_on", or_null(line.worked_on)},
          {"minutes", line.work ? Json(line.work->count()) : Json(nullptr)},
          {"cents", line.amount.count()},
          {"description", line.description}};
}

Json payment_json(const Payment& payment) {
  return {{"id", payment.id},
          {"paid_on", core::format_date(payment.paid_on)},
          {"cents", payment.amount.count()},
          {"reference", payment.reference},
          {"document", or_null(payment.document)},
          {"reverses", or_null(payment.reverses)}};
}

Json result_json(const LineResult& result) {
  return {
      {"line", result.line},
      {"state", state_name(result.state)},
      {"entries", result.entries},
      {"cost", or_null(result.cost)},
      {"cost_due", or_null(result.cost_due)},
      {"amount_method",
       result.amount_method ? Json(method_name(*result.amount_method)) : Json(nullptr)},
      {"rounded_up_minutes", result.rounded_up ? Json(result.rounded_up->count()) : Json(nullptr)}};
}

Json mismatch_json(const Mismatch& mismatch) {
  return {{"kind", kind_name(mismatch.kind)}, {"line", or_null(mismatch.line)},
          {"entry", or_null(mismatch.entry)}, {"billed", mismatch.billed},
          {"recorded", mismatch.recorded},    {"subject", mismatch.subject}};
}

} // namespace

Json invoice_json(const Invoice& invoice) {
  Json lines = Json::array();
  for (const auto& line : invoice.lines) lines.push_back(line_json(line));
  Json payments = Json::array();
  for (const auto& payment : invoice.payments) payments.push_back(payment_json(payment));
  return {{"id", invoice.id},
          {"vendor", invoice.vendor},
          {"number", invoice.number},
          {"dated", core::format_date(invoice.dated)},
          {"from", core::format_date(invoice.period.from)},
          {"to", core::format_date(invoice.period.to)},
          {"posted_on", core::format_date(invoice.posted_on)},
          {"due_on", or_null(invoice.due_on)},
          {"buyer", or_null(invoice.buyer)},
          {"terms", or_null(invoice.terms)},
          {"tps_number", or_null(invoice.tps_number)},
          {"tvq_number", or_null(invoice.tvq_number)},
          {"description", invoice.description},
          {"document", or_null(invoice.document)},
          {"before_tax_cents", invoice.before_tax().count()},
          {"tps_cents", invoice.tps.count()},
          {"tvq_cents", invoice.tvq.count()},
          {"total_cents", invoice.total().count()},
          {"paid_cents", invoice.paid().count()},
          {"voided", or_null(invoice.voided)},
          {"missing", missing_particulars(invoice)},
          {"lines", std::move(lines)},
          {"payments", std::move(payments)},
          {"recorded_by", invoice.recorded_by},
          {"recorded_at", invoice.recorded_at}};
}

Json reconciliation_json(const Reconciliation& reconciliation) {
  Json lines = Json::array();
  for (const auto& line : reconciliation.lines) lines.push_back(result_json(line));
  Json mismatches = Json::array();
  for (const auto& mismatch : reconciliation.mismatches)
    mismatches.push_back(mismatch_json(mismatch));
  Json taxes = Json::array();
  for (const auto& trial : reconciliation.taxes) {
    taxes.push_back({{"method", method_name(trial.method)},
                     {"tps_cents", trial.tps.count()},
                     {"tvq_cents", trial.tvq.count()},
                     {"agrees", trial.agrees}});
  }
  return {{"invoice", reconciliation.invoice.number},
          {"vendor", reconciliation.invoice.vendor},
          {"agrees", reconciliation.agrees()},
          {"lines_matched", reconciliation.lines_matched()},
          {"billed_cents", reconciliation.invoice.before_tax().count()},
          {"recorded_cents", reconciliation.recorded.count()},
          {"tax_method", reconciliation.tax_method ? Json(method_name(*reconciliation.tax_method))
                                                   : Json(nullptr)},
          {"lines", std::move(lines)},
          {"mismatches", std::move(mismatches)},
          {"taxes", std::move(taxes)}};
}

} // namespace intendance::billing
