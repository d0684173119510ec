// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/network_reason.hpp"

#include "collectors/probes/shown_text.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

using core::NetworkFailure;
using Cause = NetworkFailure::Cause;

// For one question more, once it is known that something is wrong.
constexpr std::chrono::seconds patience_for_names{3};

ProbePhase phase_of(NetworkFailure::Phase phase) {
  switch (phase) {
  case NetworkFailure::Phase::resolve: return ProbePhase::resolve;
  case NetworkFailure::Phase::connect: return ProbePhase::connect;
  case NetworkFailure::Phase::tls: return ProbePhase::tls;
  case NetworkFailure::Phase::request: return ProbePhase::request;
  case NetworkFailure::Phase::response: return ProbePhase::response;
  case NetworkFailure::Phase::content: break;
  }
  return ProbePhase::content;
}

ProbeReason reason_of(const NetworkFailure& failure) {
  switch (failure.cause) {
  case Cause::unresolved: return ProbeReason::unresolved;
  case Cause::refused: return ProbeReason::refused;
  case Cause::reset: return ProbeReason::reset;
  case Cause::unreachable: return ProbeReason::unreachable;
  case Cause::timeout:
    return failure.phase == NetworkFailure::Phase::content ? ProbeReason::slow_body
                                                           : ProbeReason::timeout;
  case Cause::closed: return ProbeReason::closed;
  case Cause::certificate_expired: return ProbeReason::expired;
  case Cause::certificate_not_yet_valid: return ProbeReason::not_yet_valid;
  case Cause::certificate_of_another_name: return ProbeReason::wrong_name;
  case Cause::certificate_self_signed: return ProbeReason::self_signed;
  case Cause::certificate_of_unknown_authority: return ProbeReason::unknown_authority;
  case Cause::certificate_refused: return ProbeReason::bad_certificate;
  case Cause::no_tls: return ProbeReason::no_tls;
  case Cause::redirect_refused: return ProbeReason::redirect;
  case Cause::too_many_redirects: return ProbeReason::redirect_loop;
  case Cause::truncated: return ProbeReason::truncated;
  case Cause::bad_address: return ProbeReason::bad_address;
  case Cause::protocol: break;
  }
  return ProbeReason::protocol;
}

// libcurl's "… after 5001 ms: Couldn't …" without the figure.
std::string without_milliseconds(std::string text) {
  constexpr std::string_view after = " after ";
  const auto start = text.find(after);
  if (start == std::string::npos) return text;
  auto end = text.find_first_not_of("0123456789", start + after.size());
  if (end == start + after.size() || end == std::string::npos) return text;
  for (const std::string_view unit : {" milliseconds", " ms"})
    if (std::string_view(text).substr(end).starts_with(unit)) {
      text.erase(start, end + unit.size() - start);
      break;
    }
  return text;
}

// The message begins with the address, which is shown beside it anyway.
std::string words_of(const NetworkFailure& failure) {
  const std::string_view message = failure.what();
  const auto scheme = message.find("://");
  const auto colon = scheme == std::string_view::npos ? scheme : message.find(": ", scheme);
  const auto words = colon == std::string_view::npos ? message : message.substr(colon + 2);
  return shown_text(without_milliseconds(std::string(words)));
}

// Why the machine's resolver found no address, by asking the same name servers and looking at what
// they say.
ProbeFailure explain_name(const Asked& asked, const std::string& words) {
  constexpr auto phase = ProbePhase::resolve;
  ProbeFailure failure{phase, ProbeReason::unresolved, words};
  const auto& host = asked.connection.host;
  const auto deadline = std::chrono::steady_clock::now() + patience_for_names;
  const auto& servers = asked.name_servers.resolvers;
  for (const auto& server : servers) {
    // The first must not use up all of the time.
    const auto share = patience_for_names / static_cast<int>(servers.size());
    const auto until = std::min(deadline, std::chrono::steady_clock::now() + share);
    try {
      bool has_address = false;
      for (const auto type : {DnsType::a, DnsType::aaaa}) {
        const auto answer = ask_name_server(server, {host, type}, until, asked.stop);
        if (answer.code != dns_code::no_error)
          return {phase,
                  answer.code == dns_code::no_such_name     ? ProbeReason::nxdomain
                  : answer.code == dns_code::server_failure ? ProbeReason::servfail
                  : answer.code == dns_code::refused        ? ProbeReason::query_refused
                                                            : ProbeReason::protocol,
                  "name server " + server.text() + " says " + dns_code_name(answer.code)};
        has_address = has_address || !answer.values(type).empty();
      }
      if (!has_address)
        return {phase, ProbeReason::no_address,
                "name server " + server.text() + " knows neither A nor AAAA"};
      return failure;
    } catch (const DnsFailure& silence) {
      failure = explain_dns(silence, phase); // the next one may know
    } catch (const core::Cancelled&) {
      throw;
    } catch (const core::Error& error) {
      return {phase, ProbeReason::bad_address, error.what()};
    }
  }
  return failure;
}

// A server that fails before its certificate is believed is asked once more, only to see it.
void look_at_certificates(CheckOutcome& outcome, const Asked& asked) {
  auto call = asked.connection;
  call.trust = core::ConnectionCall::Trust::ignored;
  call.send.clear();
  call.expect.clear();
  std::vector<core::Certificate> certificates;
  try {
    certificates = core::connect_to(call, asked.stop).certificates;
  } catch (const NetworkFailure&) {
    return; // what failed first is what is said
  }
  outcome.earliest_certificate_expiry = earliest_expiry(certificates);
  // One certificate alone that says where its issuer's is to be had: public authorities sign by
  // intermediate ones, which servers have to send.
  if (outcome.failure->reason == ProbeReason::unknown_authority && certificates.size() == 1 &&
      certificates.front().names_its_issuers_place)
    outcome.failure->reason = ProbeReason::missing_intermediate;
}

bool is_about_certificates(ProbeReason reason) {
  return reason >= ProbeReason::expired && reason <= ProbeReason::bad_certificate;
}

} // namespace

void explain_failure(CheckOutcome& outcome, const NetworkFailure& failure, const Asked& asked) {
  if (failure.cause == Cause::unresolved) {
    outcome.failure = explain_name(asked, words_of(failure));
    return;
  }
  outcome.failure = ProbeFailure{phase_of(failure.phase), reason_of(failure), words_of(failure)};
  if (failure.cause == Cause::timeout)
    outcome.failure->detail =
        "no whole answer within " +
        std::to_string(
            std::chrono::duration_cast<std::chrono::seconds>(asked.connection.timeout).count()) +
        " s";
  if (failure.cause == Cause::truncated) // without how many bytes
    outcome.failure->detail = "less came than was announced";
  if (is_about_certificates(outcome.failure->reason)) look_at_certificates(outcome, asked);
}

ProbeFailure explain_dns(const DnsFailure& failure, ProbePhase phase) {
  const auto reason = [&] {
    switch (failure.cause) {
    case DnsFailure::Cause::timeout: return ProbeReason::timeout;
    case DnsFailure::Cause::refused: return ProbeReason::refused;
    case DnsFailure::Cause::unreachable: return ProbeReason::unreachable;
    case DnsFailure::Cause::closed: return ProbeReason::closed;
    case DnsFailure::Cause::protocol: break;
    }
    return ProbeReason::protocol;
  };
  return {phase, reason(), shown_text(std::string("name server ") + failure.what())};
}

std::optional<std::chrono::sys_seconds>
earliest_expiry(const std::vector<core::Certificate>& certificates) {
  std::optional<std::chrono::sys_seconds> earliest;
  for (const auto& each : certificates)
    earliest = earliest ? std::min(*earliest, each.expires) : each.expires;
  return earliest;
}

} // namespace intendance::collectors
