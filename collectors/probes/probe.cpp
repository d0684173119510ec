// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/probe.hpp"

#include "core/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace intendance::collectors {

using core::HttpFailure;
using core::HttpReply;

namespace {

constexpr std::size_t most_body = std::size_t{1} << 20; // bytes; health pages are small
constexpr std::size_t longest_shown = 120;              // bytes of foreign text in a reason

// The bytes of the control character that `text` begins with: ASCII's, or one of U+0080 to U+009F,
// which a terminal obeys too. 0 when it is none.
std::size_t control_length(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x20 || byte(0) == 0x7F) return 1;
  const bool high = byte(0) == 0xC2 && text.size() > 1 && byte(1) >= 0x80 && byte(1) < 0xA0;
  return high ? 2 : 0;
}

// Foreign text for a label, a log line and a terminal: one line, no control characters, cut.
std::string printable(std::string_view text) {
  const bool cut = text.size() > longest_shown;
  if (cut) {
    // Not in the middle of a UTF-8 character.
    auto end = longest_shown;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
    text = text.substr(0, end);
  }
  std::string result;
  while (!text.empty()) {
    const auto control = control_length(text);
    result += control > 0 ? ' ' : text.front();
    text.remove_prefix(std::max<std::size_t>(control, 1));
  }
  return cut ? result + "…" : result;
}

std::string first_line(std::string_view body) {
  const auto start = body.find_first_not_of(" \t\r\n");
  if (start == std::string_view::npos) return {};
  body.remove_prefix(start);
  return printable(body.substr(0, body.find_first_of("\r\n")));
}

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

std::optional<ProbeFailure> judge_json(const Check& check, const HttpReply& reply) {
  if (check.json.empty()) return std::nullopt;
  const auto document = nlohmann::json::parse(reply.body, nullptr, false);
  if (document.is_discarded())
    return ProbeFailure{"json", "the answer is not JSON: \"" + first_line(reply.body) + "\""};
  for (const auto& [pointer, equals] : check.json) {
    const nlohmann::json::json_pointer place(pointer);
    if (!document.contains(place)) return ProbeFailure{"json", "the answer has no " + pointer};
    if (!equals) continue;
    const auto& value = document.at(place);
    const auto text = value.is_string()
                          ? value.get<std::string>()
                          : value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    if (text != *equals)
      return ProbeFailure{"json", pointer + " is " + printable(text) + ", not " + *equals};
  }
  return std::nullopt;
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

ProbeFailure describe(const HttpFailure& failure, const Check& check) {
  const std::string phase(core::phase_name(failure.phase));
  if (failure.phase == HttpFailure::Phase::timeout)
    return {phase, "no whole answer within " + std::to_string(check.timeout.count()) + " s"};
  // The message begins with the address, which is shown beside it anyway.
  const std::string_view message = failure.what();
  const auto scheme = message.find("://");
  const auto colon = scheme == std::string_view::npos ? scheme : message.find(": ", scheme);
  const auto reason = colon == std::string_view::npos ? message : message.substr(colon + 2);
  return {phase, printable(without_milliseconds(std::string(reason)))};
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
  facts.timings = reply.timings;
  facts.remote_address = reply.remote_address;
  facts.earliest_certificate_expiry = reply.earliest_certificate_expiry;
  facts.location = printable(header(reply, "location"));
  facts.first_line = first_line(reply.body);
  return facts;
}

CheckOutcome run_check(const Service& service, const Check& check, core::HttpClient& client,
                       const std::stop_token& stop) {
  CheckOutcome outcome;
  outcome.check = check.name;
  outcome.url = service.url + check.path;
  core::HttpCall call;
  call.url = outcome.url;
  call.timeout = call.connect_timeout = check.timeout;
  call.most_body = most_body;
  call.most_redirects = check.most_redirects;
  call.user_agent = "intendance-probe";
  try {
    const auto reply = client.send(call, stop);
    outcome.answer = facts_of(reply);
    outcome.failure = judge(check, reply, service.text);
  } catch (const HttpFailure& failure) {
    outcome.failure = describe(failure, check);
  }
  return outcome;
}

} // namespace

bool ProbeOutcome::success() const {
  return std::none_of(checks.begin(), checks.end(),
                      [](const CheckOutcome& check) { return check.failure.has_value(); });
}

const CheckOutcome& ProbeOutcome::shown() const {
  const auto failed = std::find_if(checks.begin(), checks.end(), [](const CheckOutcome& check) {
    return check.failure.has_value();
  });
  return failed == checks.end() ? checks.front() : *failed;
}

std::optional<ProbeFailure> judge(const Check& check, const HttpReply& reply,
                                  const std::string& text) {
  const auto& wanted = check.statuses;
  if (std::find(wanted.begin(), wanted.end(), reply.status) == wanted.end()) {
    const auto location = shorter_location(header(reply, "location"), reply.url);
    const auto status = std::to_string(reply.status);
    if (reply.status >= 300 && reply.status < 400 && !location.empty())
      return ProbeFailure{"redirect",
                          status + " to " + printable(location) + ", not " + listed(wanted)};
    return ProbeFailure{"status", status + ", not " + listed(wanted)};
  }
  const auto missing = [&](const std::string& part) {
    return !part.empty() && reply.body.find(part) == std::string::npos;
  };
  if (missing(check.contains))
    return ProbeFailure{"text", "the answer does not contain \"" + check.contains + "\""};
  if (check.service_text && missing(text))
    return ProbeFailure{"text", "the answer does not contain \"" + text + "\""};
  return judge_json(check, reply);
}

ProbeOutcome run_probe(const Service& service, const core::Clock& clock, std::stop_token stop) {
  const auto started = std::chrono::steady_clock::now();
  core::HttpClient client;
  ProbeOutcome outcome;
  outcome.checked = clock.now();
  bool silent = false;
  for (const auto& check : service.checks) {
    if (silent) {
      outcome.checks.push_back(
          {check.name, service.url + check.path, std::nullopt,
           ProbeFailure{"skipped", "not asked: the check before got no answer"}});
      continue;
    }
    outcome.checks.push_back(run_check(service, check, client, stop));
    silent = !outcome.checks.back().answer;
  }
  outcome.duration = std::chrono::steady_clock::now() - started;
  return outcome;
}

} // namespace intendance::collectors
