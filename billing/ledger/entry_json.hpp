// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/ledger/entries.hpp"

#include <nlohmann/json.hpp>

namespace intendance::billing {

// An entry as reports and `hours list --json` show it.
inline nlohmann::ordered_json entry_json(const Entry& entry) {
  using Json = nlohmann::ordered_json;
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

} // namespace intendance::billing
