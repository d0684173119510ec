// SPDX-License-Identifier: AGPL-3.0-or-later
// Every address of the dashboard, as web/openapi.yaml describes them.
#pragma once

#include "core/exposition.hpp"
#include "core/http_server.hpp"
#include "web/access.hpp"
#include "web/poller.hpp"

namespace intendance::web {

// `metrics_guard` holds the token of the daemons, which Prometheus knows. All but the guard must
// outlive the server that gets the router.
core::HttpRouter make_router(const Poller& poller, Access& access, const core::MetricsPage& metrics,
                             const core::HttpGuard& metrics_guard);

} // namespace intendance::web
