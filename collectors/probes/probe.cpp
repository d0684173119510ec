// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/probe.hpp"

#include "collectors/probes/http_check.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

bool has_failed(const CheckOutcome& check) { return check.failure.has_value(); }
bool was_asked(const CheckOutcome& check) { return check.not_asked == NotAsked::asked; }

} // namespace

bool ProbeOutcome::success() const {
  return is_known() && std::none_of(checks.begin(), checks.end(), has_failed);
}

bool ProbeOutcome::is_known() const { return std::any_of(checks.begin(), checks.end(), was_asked); }

const CheckOutcome& ProbeOutcome::shown() const {
  const auto failed = std::find_if(checks.begin(), checks.end(), has_failed);
  return failed == checks.end() ? checks.front() : *failed;
}

ProbeOutcome run_probe(const Service& service, const NameServers& name_servers,
                       const core::Clock& clock, std::stop_token stop) {
  const auto started = std::chrono::steady_clock::now();
  core::HttpClient client;
  ProbeOutcome outcome;
  outcome.checked = clock.now();
  bool silent = false;
  for (const auto& check : service.checks) {
    CheckOutcome one;
    if (silent) {
      one.verb = "GET";
      one.url = service.url + check.path;
      one.not_asked = NotAsked::no_answer_before;
    } else {
      one = ask_over_http(service, check, client, name_servers, stop);
      silent = !one.answer;
    }
    one.check = check.name;
    one.kind = check.kind;
    one.checked = outcome.checked;
    outcome.checks.push_back(std::move(one));
  }
  outcome.duration = std::chrono::steady_clock::now() - started;
  return outcome;
}

} // namespace intendance::collectors
