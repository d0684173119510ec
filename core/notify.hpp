// SPDX-License-Identifier: AGPL-3.0-or-later
// systemd's notification protocol, sd_notify(3): one datagram to $NOTIFY_SOCKET. Nothing happens
// where the variable is not set.
#pragma once

#include <chrono>
#include <optional>
#include <string_view>

namespace intendance::core {

// "READY=1\nSTATUS=…". Returns false when there is no socket or it does not answer.
bool notify_systemd(std::string_view state) noexcept;

// Half of WATCHDOG_USEC when it is meant for this process.
std::optional<std::chrono::microseconds> watchdog_period();

} // namespace intendance::core
