// SPDX-License-Identifier: AGPL-3.0-or-later
// Probes as JSON, for the API and `intendance probe --json`.
#pragma once

#include "collectors/probes/failure_memory.hpp"

#include <nlohmann/json_fwd.hpp>

namespace intendance::collectors {

// Sets phase, reason and detail; null when nothing is wrong.
void add_failure(nlohmann::ordered_json& json, const std::optional<ProbeFailure>& failure);

nlohmann::ordered_json checks_json(const ProbeOutcome& outcome);

} // namespace intendance::collectors
