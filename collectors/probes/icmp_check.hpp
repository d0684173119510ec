// SPDX-License-Identifier: AGPL-3.0-or-later
// A check that sends an echo request, as ping does, by the kernel's socket for those without
// privileges.
#pragma once

#include "collectors/probes/network_reason.hpp"

#include <string_view>

namespace intendance::collectors {

// Whether the message is the echo reply to that number. For fuzzing and tests.
bool is_echo_reply(std::string_view bytes, bool is_ipv6, std::uint16_t number);

// Not permitted unless net.ipv4.ping_group_range holds the user's group.
CheckOutcome ping(const Service& service, const Check& check, const NameServers& name_servers,
                  const std::stop_token& stop);

} // namespace intendance::collectors
