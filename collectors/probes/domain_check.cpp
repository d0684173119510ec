// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/domain_check.hpp"

#include "collectors/probes/shown_text.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace intendance::collectors {

namespace {

using Json = nlohmann::json;

constexpr std::size_t most_body = std::size_t{1} << 20; // bytes
constexpr int most_redirects = 3; // from who knows which registry has a domain to that registry

std::optional<int> number_at(std::string_view text, std::size_t at, std::size_t digits) {
  if (at + digits > text.size()) return std::nullopt;
  int number = 0;
  const auto* end = text.data() + at + digits;
  const auto parsed = std::from_chars(text.data() + at, end, number);
  if (parsed.ec != std::errc{} || parsed.ptr != end || text[at] == '-') return std::nullopt;
  return number;
}

std::string text_at(const Json& json, const char* key) {
  const auto found = json.find(key);
  return found != json.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::optional<ProbeFailure> judge_domain(const core::HttpReply& reply, const DomainFacts& facts,
                                         core::TimePoint now) {
  const auto wrong = [](ProbePhase phase, ProbeReason reason, std::string detail) {
    return ProbeFailure{phase, reason, std::move(detail)};
  };
  if (reply.status == 404)
    return wrong(ProbePhase::content, ProbeReason::not_registered,
                 "404, the registry has no such domain");
  if (reply.status != 200)
    return wrong(ProbePhase::response, ProbeReason::bad_status,
                 std::to_string(reply.status) + ", not 200");
  if (reply.body_cut)
    return wrong(ProbePhase::content, ProbeReason::too_large,
                 "the registry's answer is over 1 MiB");
  if (!facts.is_json)
    return wrong(ProbePhase::content, ProbeReason::not_json,
                 "the answer is not JSON: \"" + first_line(reply.body) + "\"");
  if (!facts.is_domain)
    return wrong(ProbePhase::content, ProbeReason::json_mismatch,
                 "objectClassName is not \"domain\"");
  if (!facts.expires)
    return wrong(ProbePhase::content, ProbeReason::no_expiry, "it names no \"expiration\"");
  if (*facts.expires <= now)
    return wrong(ProbePhase::content, ProbeReason::domain_expired,
                 "it expired on " + core::format_utc(*facts.expires).substr(0, 10));
  return std::nullopt;
}

} // namespace

std::optional<std::chrono::sys_seconds> parse_rfc3339(std::string_view text) {
  using namespace std::chrono;
  const auto year = number_at(text, 0, 4), month = number_at(text, 5, 2),
             day = number_at(text, 8, 2);
  const auto hour = number_at(text, 11, 2), minute = number_at(text, 14, 2),
             second = number_at(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  const bool has_marks = text[4] == '-' && text[7] == '-' && (text[10] == 'T' || text[10] == 't') &&
                         text[13] == ':' && text[16] == ':';
  const year_month_day date(std::chrono::year(*year),
                            std::chrono::month(static_cast<unsigned>(*month)),
                            std::chrono::day(static_cast<unsigned>(*day)));
  if (!has_marks || !date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
  auto rest = text.substr(19);
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    const auto end = rest.find_first_not_of("0123456789");
    if (end == 0 || end == std::string_view::npos) return std::nullopt;
    rest.remove_prefix(end);
  }
  const auto time = sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second);
  if (rest == "Z" || rest == "z") return time;
  const auto ahead_hours = number_at(rest, 1, 2), ahead_minutes = number_at(rest, 4, 2);
  if (rest.size() != 6 || rest[3] != ':' || !ahead_hours || !ahead_minutes || *ahead_hours > 23 ||
      *ahead_minutes > 59 || (rest[0] != '+' && rest[0] != '-'))
    return std::nullopt;
  const auto ahead = hours(*ahead_hours) + minutes(*ahead_minutes);
  return rest[0] == '+' ? time - ahead : time + ahead;
}

DomainFacts parse_rdap_domain(std::string_view body) {
  DomainFacts facts;
  const auto json = Json::parse(body, nullptr, false);
  facts.is_json = !json.is_discarded();
  if (!json.is_object()) return facts;
  facts.is_domain = text_at(json, "objectClassName") == "domain";
  facts.name = plain_name(text_at(json, "ldhName"));
  const auto events = json.find("events");
  if (events == json.end() || !events->is_array()) return facts;
  for (const auto& event : *events)
    if (event.is_object() && text_at(event, "eventAction") == "expiration")
      if (const auto time = parse_rfc3339(text_at(event, "eventDate"))) facts.expires = time;
  return facts;
}

CheckOutcome ask_registry(const Service& service, const Check& check, core::HttpClient& client,
                          const NameServers& name_servers, core::TimePoint now,
                          const std::stop_token& stop) {
  CheckOutcome outcome;
  outcome.verb = "RDAP";
  outcome.url = check.server + "/domain/" + plain_name(service.host);
  core::HttpCall call;
  call.url = outcome.url;
  call.headers = {{"Accept", "application/rdap+json"}};
  call.timeout = call.connect_timeout = check.timeout;
  call.most_body = most_body;
  call.most_redirects = most_redirects;
  call.user_agent = "intendance-probe";
  call.authorities = service.authorities;
  try {
    const auto reply = client.send(call, stop);
    const auto facts = parse_rdap_domain(reply.body);
    outcome.timings = reply.timings;
    outcome.remote_address = reply.remote_address;
    outcome.failure = judge_domain(reply, facts, now);
    if (reply.status == 200 && facts.is_domain) outcome.domain_expiry = facts.expires;
    if (outcome.domain_expiry)
      outcome.said = "expires " + core::format_utc(*outcome.domain_expiry).substr(0, 10);
  } catch (const core::NetworkFailure& failure) {
    core::ConnectionCall connection;
    if (const auto place = host_and_port(failure.url.empty() ? outcome.url : failure.url)) {
      connection.host = place->host;
      connection.port = place->port;
    }
    connection.tls = core::ConnectionCall::Tls::from_the_start;
    connection.timeout = check.timeout;
    explain_failure(outcome, failure, {name_servers, connection, stop});
    // It is the registry's certificate, not the service's.
    outcome.earliest_certificate_expiry.reset();
  }
  return outcome;
}

} // namespace intendance::collectors
