// SPDX-License-Identifier: AGPL-3.0-or-later
// How entries and balances look in reports, in the API and behind --json (docs/api.md).
#pragma once

#include "billing/ledger/budget.hpp"
#include "billing/ledger/closing.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/entries.hpp"
#include "billing/ledger/reconciliation.hpp"

#include <nlohmann/json.hpp>

namespace intendance::billing {

nlohmann::ordered_json entry_json(const Entry& entry);
nlohmann::ordered_json balance_json(const Balance& balance);
nlohmann::ordered_json quote_json(const Quote& quote);
nlohmann::ordered_json engagement_json(const Engagement& engagement);
nlohmann::ordered_json cost_json(const Cost& cost);
nlohmann::ordered_json closed_month_json(const ClosedMonth& closed);
nlohmann::ordered_json invoice_json(const Invoice& invoice);
nlohmann::ordered_json reconciliation_json(const Reconciliation& reconciliation);

} // namespace intendance::billing
