// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/config.hpp"
#include "billing/refresher.hpp"
#include "core/exposition.hpp"
#include "core/http_server.hpp"

namespace intendance::billing {

// What billingd answers: /metrics, /api/v1/budget (docs/api.md), /healthz. The page and the
// refresher must outlive the server.
core::HttpRouter make_router(const BillingConfig& config, const Refresher& refresher,
                             const core::MetricsPage& page);

// The body of /api/v1/budget.
std::string budget_json(const LedgerView& view);

} // namespace intendance::billing
