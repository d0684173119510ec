// SPDX-License-Identifier: AGPL-3.0-or-later
// A check of a domain's registration: asks the registry when it expires, by RDAP (RFC 9082, 9083).
#pragma once

#include "collectors/probes/network_reason.hpp"

#include <string_view>

namespace intendance::collectors {

// RFC 3339, as registries write it: "2027-03-01T04:00:00Z", with or without a fraction, "Z" or an
// offset. Absent for what is none.
std::optional<std::chrono::sys_seconds> parse_rfc3339(std::string_view text);

struct DomainFacts {
  bool is_json = false, is_domain = false;
  std::string name;
  std::optional<std::chrono::sys_seconds> expires;
};

// Takes any bytes.
DomainFacts parse_rdap_domain(std::string_view body);

CheckOutcome ask_registry(const Service& service, const Check& check, core::HttpClient& client,
                          const NameServers& name_servers, core::TimePoint now,
                          const std::stop_token& stop);

} // namespace intendance::collectors
