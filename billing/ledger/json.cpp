// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/json.hpp"

namespace intendance::billing {

using Json = nlohmann::ordered_json;

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
          {"spent_net_cents", balance.total.net().count()},
          {"spent_gross_cents", balance.total.gross().count()},
          {"spent_before_tax_cents", balance.total.before_tax.count()},
          {"available_cents", available ? Json(available->count()) : Json(nullptr)},
          {"minutes", balance.work.count()},
          {"as_of", core::format_date(balance.as_of)}};
}

} // namespace intendance::billing
