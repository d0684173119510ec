// SPDX-License-Identifier: AGPL-3.0-or-later
// Checks of names: what the machine's name servers answer, whether a zone's own name servers agree,
// and whether the zone above names the same ones.
#pragma once

#include "collectors/probes/network_reason.hpp"

namespace intendance::collectors {

CheckOutcome ask_for_record(const Service& service, const Check& check,
                            const NameServers& name_servers, const std::stop_token& stop);

// The SOA of the zone from each address of each of its name servers, at most 16.
CheckOutcome ask_zone(const Service& service, const Check& check, const NameServers& name_servers,
                      const std::stop_token& stop);

// What a server of the zone above says are the zone's name servers, against what they say
// themselves.
CheckOutcome ask_delegation(const Service& service, const Check& check,
                            const NameServers& name_servers, const std::stop_token& stop);

} // namespace intendance::collectors
