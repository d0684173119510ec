// SPDX-License-Identifier: AGPL-3.0-or-later
// Asking one service from outside whether it is well, and saying in plain words why it is not.
#pragma once

#include "collectors/config.hpp"
#include "collectors/probes/dns_client.hpp"
#include "collectors/probes/reasons.hpp"
#include "core/clock.hpp"
#include "core/connection.hpp"
#include "core/http_client.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::collectors {

// Where and why a check failed.
struct ProbeFailure {
  ProbePhase phase = ProbePhase::response;
  ProbeReason reason = ProbeReason::protocol;
  // What came back, in one line of English, without any figure that changes from one try to the
  // next: "302 to /install, not 200". May be empty.
  std::string detail;
};

// What is kept of an answer over HTTP.
struct AnswerFacts {
  int status = 0;
  double http_version = 0;
  int redirects = 0;
  bool ssl = false;
  std::optional<double> content_length; // bytes, as the server announced them
  double body_bytes = 0;
  std::string location;   // where a redirect leads
  std::string first_line; // of the body, cut, printable
};

// Why a check was not made, which makes a service neither up nor down.
enum class NotAsked { asked, no_answer_before, not_permitted };

struct ZoneSerial {
  std::string server, address;
  std::uint32_t serial = 0;
};

struct CheckOutcome {
  std::string check;
  CheckKind kind = CheckKind::http;
  std::string verb;                    // what was done: "GET"
  std::string url;                     // and to what
  std::optional<AnswerFacts> answer;   // absent: there was none, or HTTP is not spoken
  std::optional<ProbeFailure> failure; // absent: all is well, or it was not asked
  NotAsked not_asked = NotAsked::asked;
  core::TimePoint checked{};
  std::optional<core::NetworkTimings> timings; // of an answer
  std::string remote_address;
  std::string said; // what other servers than of the web answered, in one line
  // Of what was shown, believed or not; absent when none was seen.
  std::optional<std::chrono::sys_seconds> earliest_certificate_expiry;
  std::vector<ZoneSerial> serials;                       // of a zone's name servers
  std::optional<std::chrono::sys_seconds> domain_expiry; // of a registration
};

struct ProbeOutcome {
  core::TimePoint checked{};
  std::chrono::duration<double> duration{};
  std::vector<CheckOutcome> checks; // in the profile's order, never empty

  bool success() const;  // no check failed, and one passed
  bool is_known() const; // one was asked
  // The first check that failed, or else the first: the one whose figures are shown.
  const CheckOutcome& shown() const;
};

// Asks all of the service's checks, on connections of its own, so that what only an open connection
// still hides is found. Once its web server gives no answer at all the rest of what is asked of
// that is skipped: each would wait for its time-out. Throws Cancelled when stopped, and nothing
// else for what the service does.
// A check that is asked less often than the rest keeps its outcome of `before` until it is due; one
// that failed is due again after 10 minutes.
ProbeOutcome run_probe(const Service& service, const NameServers& name_servers,
                       const core::Clock& clock, std::stop_token stop = {},
                       const ProbeOutcome* before = nullptr);

} // namespace intendance::collectors
