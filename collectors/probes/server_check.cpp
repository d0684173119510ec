// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/server_check.hpp"

#include "collectors/probes/shown_text.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

using core::ConnectionCall;

ConnectionCall call_for(const Service& service, const Check& check) {
  ConnectionCall call;
  call.host = service.host;
  call.port = check.port;
  call.protocol = check.kind == CheckKind::smtp   ? ConnectionCall::Protocol::smtp
                  : check.kind == CheckKind::imap ? ConnectionCall::Protocol::imap
                                                  : ConnectionCall::Protocol::bare;
  call.tls = check.tls;
  call.authorities = service.authorities;
  call.send = check.send;
  call.expect = check.contains;
  call.timeout = check.timeout;
  return call;
}

const char* verb_of(CheckKind kind) {
  switch (kind) {
  case CheckKind::smtp: return "EHLO";
  case CheckKind::imap: return "CAPABILITY";
  default: return "CONNECT";
  }
}

bool is_same_word(std::string_view one, std::string_view other) {
  return std::equal(one.begin(), one.end(), other.begin(), other.end(), [](char a, char b) {
    const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
    return upper(a) == upper(b);
  });
}

std::optional<ProbeFailure> judge_lines(const Check& check, const std::vector<std::string>& lines) {
  for (const auto& capability : check.capabilities)
    if (!offers(lines, capability))
      return ProbeFailure{ProbePhase::content, ProbeReason::missing_capability,
                          "it does not offer " + capability};
  if (check.kind != CheckKind::tcp || check.contains.empty()) return std::nullopt;
  for (const auto& line : lines)
    if (line.find(check.contains) != std::string::npos) return std::nullopt;
  return ProbeFailure{ProbePhase::content, ProbeReason::body_mismatch,
                      "it says \"" + (lines.empty() ? "" : shown_text(lines.front())) +
                          "\", without \"" + check.contains + "\""};
}

} // namespace

bool offers(const std::vector<std::string>& lines, std::string_view capability) {
  for (std::string_view line : lines)
    while (!line.empty()) {
      // "250-AUTH PLAIN LOGIN", "* CAPABILITY IMAP4rev1 AUTH=PLAIN"
      const auto word = line.substr(0, line.find_first_of(" -="));
      if (is_same_word(word, capability)) return true;
      const auto whole = line.substr(0, line.find(' '));
      if (is_same_word(whole, capability)) return true;
      line.remove_prefix(std::min(word.size() + 1, line.size()));
    }
  return false;
}

CheckOutcome ask_server(const Service& service, const Check& check, const NameServers& name_servers,
                        const std::stop_token& stop) {
  const auto call = call_for(service, check);
  CheckOutcome outcome;
  outcome.verb = verb_of(check.kind);
  outcome.url = check.kind == CheckKind::tcp && check.tls == ConnectionCall::Tls::none
                    ? "tcp" + call.url().substr(call.url().find("://"))
                    : call.url();
  try {
    const auto reply = core::connect_to(call, stop);
    outcome.timings = reply.timings;
    outcome.remote_address = reply.remote_address;
    outcome.earliest_certificate_expiry = earliest_expiry(reply.certificates);
    if (!reply.lines.empty()) outcome.said = shown_text(reply.lines.front());
    outcome.failure = judge_lines(check, reply.lines);
  } catch (const core::NetworkFailure& failure) {
    explain_failure(outcome, failure, {name_servers, call, stop});
  }
  return outcome;
}

} // namespace intendance::collectors
