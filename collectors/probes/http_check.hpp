// SPDX-License-Identifier: AGPL-3.0-or-later
// A check that asks a web server.
#pragma once

#include "collectors/probes/network_reason.hpp"

namespace intendance::collectors {

// What `reply` lacks of what `check` wants; absent when nothing. `text` is the service's own.
std::optional<ProbeFailure> judge(const Check& check, const core::HttpReply& reply,
                                  const std::string& text);

CheckOutcome ask_over_http(const Service& service, const Check& check, core::HttpClient& client,
                           const NameServers& name_servers, const std::stop_token& stop);

} // namespace intendance::collectors
