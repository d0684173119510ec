// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/render.hpp"

#include <nlohmann/json.hpp>

namespace intendance::billing {
namespace {

using Json = nlohmann::ordered_json;

Json cents(const std::optional<Cents>& amount) {
  return amount ? Json(amount->count()) : Json(nullptr);
}

Json day(const std::optional<Date>& date) {
  return date ? Json(core::format_date(*date)) : Json(nullptr);
}

Json estimate(const std::optional<Estimate>& estimate) {
  if (!estimate) return nullptr;
  return {{"low_cents", estimate->low.count()},
          {"middle_cents", estimate->middle.count()},
          {"high_cents", estimate->high.count()}};
}

Json reasons(const std::vector<Reason>& reasons) {
  Json array = Json::array();
  for (const auto& reason : reasons) {
    array.push_back({{"code", reason_name(reason.code)},
                     {"amount_cents", reason.amount.count()},
                     {"other_cents", reason.other.count()},
                     {"count", reason.count},
                     {"percent", reason.percent},
                     {"day", day(reason.day)}});
  }
  return array;
}

} // namespace

Json forecast_json(const FundForecast& fund) {
  const auto& forecast = fund.forecast;
  return {{"fund", fund.fund.name},
          {"label", fund.fund.label},
          {"year", forecast.year.year},
          {"from", core::format_date(forecast.year.days.from)},
          {"to", core::format_date(forecast.year.days.to)},
          {"as_of", core::format_date(forecast.today)},
          {"basis", basis_name(fund.basis)},
          {"verdict", verdict_name(forecast.verdict)},
          {"budget_cents", cents(forecast.budget)},
          {"spent_cents", forecast.spent.count()},
          {"engaged_cents", forecast.engaged.count()},
          {"due_cents", forecast.due.count()},
          {"cost", estimate(forecast.cost)},
          {"cost_reasons", reasons(forecast.cost_reasons)},
          {"unspent", estimate(forecast.unspent)},
          {"underspending", forecast.underspending},
          {"exhausted", day(forecast.exhausted)},
          {"exhausted_early", day(forecast.exhausted_early)},
          {"free_cents", cents(forecast.free)},
          {"free_a_month_cents", cents(forecast.free_a_month)},
          {"budget_reasons", reasons(forecast.budget_reasons)}};
}

} // namespace intendance::billing
