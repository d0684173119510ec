// SPDX-License-Identifier: AGPL-3.0-or-later
// What libcurl knows of a transfer that has ended, in this project's terms; for its wrappers alone.
#pragma once

#include "core/curl.hpp"
#include "core/network_failure.hpp"

namespace intendance::core::curl {

// libcurl's times are all from the start; ours are of each part.
NetworkTimings timings_of(CURL* curl);

// Empty when none was seen. CURLOPT_CERTINFO must have been set.
std::vector<Certificate> certificates_of(CURL* curl);

std::string text_of(CURL* curl, CURLINFO what);

// `reason` is CURLOPT_ERRORBUFFER's. The message names the address without what stands behind a
// question mark.
NetworkFailure failure_of(CURL* curl, CURLcode code, const std::string& url, const char* reason);

} // namespace intendance::core::curl
