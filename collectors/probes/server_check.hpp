// SPDX-License-Identifier: AGPL-3.0-or-later
// A check that connects to a port: whatever listens there, a mail server, a mailbox server.
#pragma once

#include "collectors/probes/network_reason.hpp"

namespace intendance::collectors {

CheckOutcome ask_server(const Service& service, const Check& check, const NameServers& name_servers,
                        const std::stop_token& stop);

// Whether one of the lines offers `capability`: a word of the answer to EHLO or CAPABILITY.
bool offers(const std::vector<std::string>& lines, std::string_view capability);

} // namespace intendance::collectors
