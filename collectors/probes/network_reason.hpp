// SPDX-License-Identifier: AGPL-3.0-or-later
// From what the network did to why, for people: what libcurl leaves unsaid is found out by a second
// question, to the machine's name servers or to the server itself.
#pragma once

#include "collectors/probes/address.hpp"
#include "collectors/probes/probe.hpp"

namespace intendance::collectors {

// Whom a failure is about, and what may be asked to understand it.
struct Asked {
  const NameServers& name_servers;
  // The connection that failed, for a second look at its certificates; `host` is the name that was
  // to be resolved.
  core::ConnectionCall connection;
  std::stop_token stop;
};

// Sets the failure, and the certificates' expiry when they were the fault. Takes as long as the
// connection's time-out at most.
void explain_failure(CheckOutcome& outcome, const core::NetworkFailure& failure,
                     const Asked& asked);

ProbeFailure explain_dns(const DnsFailure& failure, ProbePhase phase);

std::optional<std::chrono::sys_seconds>
earliest_expiry(const std::vector<core::Certificate>& certificates);

} // namespace intendance::collectors
