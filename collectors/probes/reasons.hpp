// SPDX-License-Identifier: AGPL-3.0-or-later
// Where and why a check fails: two closed sets, which are labels in Prometheus and keys in the API,
// and what each reason means to people. docs/probes.md lists them.
#pragma once

#include "core/command.hpp"

#include <array>
#include <optional>
#include <string_view>

namespace intendance::collectors {

// What was being done. `content`: an answer came, and what it holds is wrong.
enum class ProbePhase { resolve, connect, tls, request, response, content };
inline constexpr std::array<ProbePhase, 6> probe_phases = {
    ProbePhase::resolve, ProbePhase::connect,  ProbePhase::tls,
    ProbePhase::request, ProbePhase::response, ProbePhase::content};
std::string_view name_of(ProbePhase phase);

enum class ProbeReason {
  nxdomain,
  no_address,
  servfail,
  query_refused,
  unresolved,
  refused,
  reset,
  timeout,
  unreachable,
  closed,
  expired,
  not_yet_valid,
  wrong_name,
  self_signed,
  missing_intermediate,
  unknown_authority,
  bad_certificate,
  no_tls,
  protocol,
  bad_address,
  bad_status,
  redirect,
  redirect_loop,
  slow_body,
  truncated,
  too_large,
  body_mismatch,
  not_json,
  json_mismatch,
  missing_capability,
  record_mismatch,
  not_authoritative,
  serial_mismatch,
  delegation_mismatch,
  not_registered,
  domain_expired,
  no_expiry,
};
inline constexpr std::size_t probe_reason_count =
    static_cast<std::size_t>(ProbeReason::no_expiry) + 1;

std::string_view name_of(ProbeReason reason);
std::optional<ProbeReason> probe_reason_of(std::string_view name);

// "the certificate has expired"
std::string_view meaning_of(ProbeReason reason, core::Language language);
// "renew it: certbot renew --dry-run says why that did not happen by itself"
std::string_view advice_for(ProbeReason reason, core::Language language);

} // namespace intendance::collectors
