// SPDX-License-Identifier: AGPL-3.0-or-later
// Asks the daemons. Used again and again by the poller, and once by `intendance status`.
#pragma once

#include "core/clock.hpp"
#include "core/http_client.hpp"
#include "core/secret.hpp"
#include "web/config.hpp"
#include "web/overview.hpp"

#include <chrono>
#include <stop_token>
#include <vector>

namespace intendance::web {

// Every daemon of the configuration, in the order in which it is shown.
std::vector<DaemonAddress> daemons_of(const WebConfig& config);

// The token of token_file; empty when none is configured. Throws what core::read_secret throws.
core::SecretBytes read_daemon_token(const WebConfig& config);

// One question to one daemon, over within `timeout`. A failure of any sort becomes report.error, in
// one line, and leaves what was answered before. Throws only Cancelled.
void ask_daemon(DaemonReport& report, core::HttpClient& client, const core::SecretBytes& token,
                std::chrono::milliseconds timeout, const core::Clock& clock, std::stop_token stop);

// Asks all at once, each on a thread of its own, and returns when the slowest has answered or
// failed: at most `timeout` later. Throws Cancelled when stopped.
std::vector<DaemonReport> gather_once(const std::vector<DaemonAddress>& daemons,
                                      const core::SecretBytes& token,
                                      std::chrono::milliseconds timeout, const core::Clock& clock,
                                      std::stop_token stop);

} // namespace intendance::web
