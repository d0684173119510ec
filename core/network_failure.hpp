// SPDX-License-Identifier: AGPL-3.0-or-later
// Why a server gave no answer, or not a whole one, as far as the network tells.
#pragma once

#include "core/error.hpp"

#include <chrono>
#include <string>
#include <utility>
#include <vector>

namespace intendance::core {

// How long each part took; zero for a part that did not happen.
struct NetworkTimings {
  std::chrono::duration<double> resolve{}, connect{}, tls{}, processing{}, transfer{}, total{};
};

// One of the certificates that a server showed, its own first.
struct Certificate {
  std::string subject, issuer; // "CN = www.example.org"
  std::chrono::sys_seconds starts{}, expires{};
  bool names_its_issuers_place = false; // an address where the issuer's certificate can be had
};

class NetworkFailure : public TransientError {
public:
  // What was being done; `content` is the answer's body.
  enum class Phase { resolve, connect, tls, request, response, content };
  enum class Cause {
    unresolved, // the name; who asked the name servers does not say why
    refused,
    reset,
    unreachable,
    timeout,
    closed, // by the other side, with nothing said
    certificate_expired,
    certificate_not_yet_valid,
    certificate_of_another_name,
    certificate_self_signed,
    certificate_of_unknown_authority, // or its chain has a gap
    certificate_refused,              // for another reason
    no_tls,                           // it is wanted and not offered
    protocol,                         // what came is not what the protocol allows
    redirect_refused,                 // to what is not http(s)
    too_many_redirects,
    truncated, // less than was announced
    bad_address,
  };
  NetworkFailure(Phase where, Cause why, std::string message)
      : TransientError(std::move(message)), phase(where), cause(why) {}
  Phase phase;
  Cause cause;
  std::string url; // the last one asked, which after a redirect is not the first
};

} // namespace intendance::core
