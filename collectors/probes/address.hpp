// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace intendance::collectors {

// Of an address like "https://[::1]:8443/path".
struct HostAndPort {
  std::string host; // without brackets
  std::uint16_t port = 0;
};

// Absent for what is no address of a web service.
std::optional<HostAndPort> host_and_port(std::string_view url);

} // namespace intendance::collectors
