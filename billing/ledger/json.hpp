// SPDX-License-Identifier: AGPL-3.0-or-later
// How entries and balances look in reports, in the API and behind --json (docs/api.md).
#pragma once

#include "billing/ledger/budget.hpp"
#include "billing/ledger/entries.hpp"

#include <nlohmann/json.hpp>

namespace intendance::billing {

nlohmann::ordered_json entry_json(const Entry& entry);
nlohmann::ordered_json balance_json(const Balance& balance);

} // namespace intendance::billing
