// SPDX-License-Identifier: AGPL-3.0-or-later
// GET /api/v1/status and /api/v1/probes, docs/api.md: the machine and its services at a glance, for
// the dashboard, and the services in full.
#pragma once

#include "collectors/families.hpp"
#include "collectors/probes/prober.hpp"
#include "core/exposition.hpp"
#include "core/http_server.hpp"

#include <string>

namespace intendance::collectors {

// `host` are families of the host collectors; what is not among them becomes null.
std::string status_json(const std::string& machine, const Families& host,
                        const std::vector<ServiceStatus>& services, core::TimePoint now);

// Takes the figures from the page itself, so that a file system that hangs holds this up no longer
// than a scrape, and both say the same. The page, the prober and the clock must outlive it.
core::HttpHandler status_handler(std::string machine, const core::MetricsPage& page,
                                 const Prober& prober, const core::Clock& clock);

// GET /api/v1/probes: each service with all of its checks and the last failures.
std::string probes_json(const std::string& machine, const std::vector<ServiceStatus>& services,
                        core::TimePoint now);
core::HttpHandler probes_handler(std::string machine, const Prober& prober,
                                 const core::Clock& clock);

} // namespace intendance::collectors
