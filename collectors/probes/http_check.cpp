// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/http_check.hpp"

#include "collectors/probes/shown_text.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace intendance::collectors {

using core::HttpReply;

namespace {

constexpr std::size_t most_body = std::size_t{1} << 20; // bytes; health pages are small

std::string_view header(const HttpReply& reply, const char* name) {
  const auto found = reply.headers.find(name);
  return found == reply.headers.end() ? std::string_view{} : found->second;
}

// "https://host/install?step=1" asked at https://host/… is "/install": what follows the question
// mark may change from one answer to the next.
std::string_view shorter_location(std::string_view location, std::string_view asked) {
  const auto scheme = asked.find("://");
  if (scheme != std::string_view::npos) {
    const auto origin = asked.substr(0, asked.find('/', scheme + 3));
    if (location.starts_with(origin) && location.substr(origin.size()).starts_with('/'))
      location.remove_prefix(origin.size());
  }
  return location.substr(0, location.find('?'));
}

std::string listed(const std::vector<int>& statuses) {
  std::string text;
  for (const int status : statuses) text += (text.empty() ? "" : " or ") + std::to_string(status);
  return text;
}

ProbeFailure wrong(ProbeReason reason, std::string detail) {
  return {ProbePhase::content, reason, std::move(detail)};
}

ProbeFailure too_large() {
  return wrong(ProbeReason::too_large, "what it should hold is not in its first MiB");
}

std::optional<ProbeFailure> judge_json(const Check& check, const HttpReply& reply) {
  if (check.json.empty()) return std::nullopt;
  if (reply.body_cut) return too_large();
  const auto document = nlohmann::json::parse(reply.body, nullptr, false);
  if (document.is_discarded())
    return wrong(ProbeReason::not_json,
                 "the answer is not JSON: \"" + first_line(reply.body) + "\"");
  for (const auto& [pointer, equals] : check.json) {
    const nlohmann::json::json_pointer place(pointer);
    if (!document.contains(place))
      return wrong(ProbeReason::json_mismatch, "the answer has no " + pointer);
    if (!equals) continue;
    const auto& value = document.at(place);
    const auto text = value.is_string()
                          ? value.get<std::string>()
                          : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (text != *equals)
      return wrong(ProbeReason::json_mismatch,
                   pointer + " is " + shown_text(text) + ", not " + *equals);
  }
  return std::nullopt;
}

AnswerFacts facts_of(const HttpReply& reply) {
  AnswerFacts facts;
  facts.status = reply.status;
  facts.http_version = reply.http_version;
  facts.redirects = reply.redirects;
  facts.ssl = reply.url.starts_with("https://") || reply.url.starts_with("HTTPS://");
  const auto length = header(reply, "content-length");
  std::uint64_t bytes = 0;
  const auto parsed = std::from_chars(length.data(), length.data() + length.size(), bytes);
  if (!length.empty() && parsed.ec == std::errc{} && parsed.ptr == length.data() + length.size())
    facts.content_length = static_cast<double>(bytes);
  facts.body_bytes = static_cast<double>(reply.body.size());
  facts.location = shown_text(header(reply, "location"));
  facts.first_line = first_line(reply.body);
  return facts;
}

// Where the request got to: after a redirect it is another server than the one asked first.
Asked whom_asked(const core::NetworkFailure& failure, const Service& service, const Check& check,
                 const NameServers& name_servers, const std::stop_token& stop) {
  core::ConnectionCall connection;
  auto place = host_and_port(failure.url);
  if (!place) place = host_and_port(service.url);
  if (place) {
    connection.host = place->host;
    connection.port = place->port;
  }
  connection.tls = core::ConnectionCall::Tls::from_the_start;
  connection.timeout = check.timeout;
  return {name_servers, std::move(connection), stop};
}

} // namespace

std::optional<ProbeFailure> judge(const Check& check, const HttpReply& reply,
                                  const std::string& text) {
  const auto& wanted = check.statuses;
  if (std::find(wanted.begin(), wanted.end(), reply.status) == wanted.end()) {
    const auto location = shorter_location(header(reply, "location"), reply.url);
    const auto status = std::to_string(reply.status);
    if (reply.status >= 300 && reply.status < 400 && !location.empty())
      return ProbeFailure{ProbePhase::response, ProbeReason::redirect,
                          status + " to " + shown_text(location) + ", not " + listed(wanted)};
    return ProbeFailure{ProbePhase::response, ProbeReason::bad_status,
                        status + ", not " + listed(wanted)};
  }
  for (const auto& part : {check.contains, check.service_text ? text : std::string()}) {
    if (part.empty() || reply.body.find(part) != std::string::npos) continue;
    if (reply.body_cut) return too_large();
    return wrong(ProbeReason::body_mismatch, "the answer does not contain \"" + part + "\"");
  }
  return judge_json(check, reply);
}

CheckOutcome ask_over_http(const Service& service, const Check& check, core::HttpClient& client,
                           const NameServers& name_servers, const std::stop_token& stop) {
  CheckOutcome outcome;
  outcome.verb = "GET";
  outcome.url = service.url + check.path;
  core::HttpCall call;
  call.url = outcome.url;
  call.timeout = call.connect_timeout = check.timeout;
  call.most_body = most_body;
  call.most_redirects = check.most_redirects;
  call.user_agent = "intendance-probe";
  call.authorities = service.authorities;
  try {
    const auto reply = client.send(call, stop);
    outcome.answer = facts_of(reply);
    outcome.timings = reply.timings;
    outcome.remote_address = reply.remote_address;
    outcome.earliest_certificate_expiry = reply.earliest_certificate_expiry;
    outcome.failure = judge(check, reply, service.text);
  } catch (const core::NetworkFailure& failure) {
    explain_failure(outcome, failure, whom_asked(failure, service, check, name_servers, stop));
  }
  return outcome;
}

} // namespace intendance::collectors
