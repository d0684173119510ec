// SPDX-License-Identifier: AGPL-3.0-or-later
// Asking one service from outside whether it is well, and saying in plain words why it is not.
#pragma once

#include "collectors/config.hpp"
#include "core/clock.hpp"
#include "core/http_client.hpp"

#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace intendance::collectors {

// Where and why a check failed. Neither holds a figure that changes from one try to the next (a
// port, milliseconds): both are labels.
struct ProbeFailure {
  // resolve, connect, tls, request, response, timeout: no whole answer; redirect, status, text,
  // json: not the right one; skipped: not asked, since the one before got no answer
  std::string phase;
  std::string reason;
};

// What is kept of an answer.
struct AnswerFacts {
  int status = 0;
  double http_version = 0;
  int redirects = 0;
  bool ssl = false;
  std::optional<double> content_length; // bytes, as the server announced them
  double body_bytes = 0;
  core::HttpTimings timings;
  std::string remote_address;
  std::optional<std::chrono::sys_seconds> earliest_certificate_expiry;
  std::string location;   // where a redirect leads
  std::string first_line; // of the body, cut, printable
};

struct CheckOutcome {
  std::string check;
  std::string url;
  std::optional<AnswerFacts> answer;   // absent: there was none
  std::optional<ProbeFailure> failure; // absent: all is well
};

struct ProbeOutcome {
  core::TimePoint checked{};
  std::chrono::duration<double> duration{};
  std::vector<CheckOutcome> checks; // in the profile's order, never empty

  bool success() const;
  // The first check that failed, or else the first: the one whose figures are shown.
  const CheckOutcome& shown() const;
};

// What `reply` lacks of what `check` wants; absent when nothing. `text` is the service's own.
std::optional<ProbeFailure> judge(const Check& check, const core::HttpReply& reply,
                                  const std::string& text);

// Asks all of the service's checks, on connections of its own, so that what only an open connection
// still hides is found. Once there is no answer at all the rest are skipped: they would each wait
// for their time-out. Throws Cancelled when stopped, and nothing else for what the service does.
ProbeOutcome run_probe(const Service& service, const core::Clock& clock, std::stop_token stop = {});

} // namespace intendance::collectors
