// SPDX-License-Identifier: AGPL-3.0-or-later
// What backupd answers: its status and its metrics, read anew from the jobs' states each time, so
// that a job run by hand shows too.
#pragma once

#include "backupd/config.hpp"
#include "backupd/schedule/job_state.hpp"
#include "core/calendar.hpp"
#include "core/clock.hpp"

#include <prometheus/collectable.h>

#include <memory>
#include <string>

namespace intendance::backupd {

// The document of GET /api/v1/status (docs/api.md).
std::string status_json(const Config& config, const JobStates& states, const core::TimeZone& zone,
                        core::TimePoint now);

// intendance_backup_* of every job. The references must outlive it.
std::shared_ptr<prometheus::Collectable> backup_metrics(const Config& config,
                                                        const JobStates& states,
                                                        const core::TimeZone& zone,
                                                        core::Clock& clock);

} // namespace intendance::backupd
