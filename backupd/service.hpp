// SPDX-License-Identifier: AGPL-3.0-or-later
// What backupd answers: its status and its metrics, read anew from the jobs' states each time, so
// that a job run by hand shows too.
#pragma once

#include "backupd/config.hpp"
#include "backupd/schedule/care_state.hpp"
#include "backupd/schedule/job_state.hpp"
#include "core/calendar.hpp"
#include "core/clock.hpp"
#include "core/exposition.hpp"
#include "core/http_server.hpp"

#include <prometheus/collectable.h>

#include <memory>
#include <string>

namespace intendance::backupd {

// Jobs and care, what is remembered of them, when they are due, and what was asked of the stores.
// Only looks at what it is given.
struct ServiceView {
  const Config& config;
  const JobStates& jobs;
  const CareStates& care;
  const core::TimeZone& zone;
  core::Clock& clock;
  const storage::StoreMeters& meters;
};

// The document of GET /api/v1/status (docs/api.md).
std::string status_json(const ServiceView& view);

// intendance_backup_* of every job and every repository that is cared for. What `view` looks at
// must outlive it.
std::shared_ptr<prometheus::Collectable> backup_metrics(const ServiceView& view);

// /metrics, /api/v1/status and /healthz. What `view` looks at, and the page, must outlive it.
core::HttpRouter make_router(const ServiceView& view, const core::MetricsPage& page);

} // namespace intendance::backupd
