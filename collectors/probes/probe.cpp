// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/probe.hpp"

#include "collectors/probes/dns_check.hpp"
#include "collectors/probes/domain_check.hpp"
#include "collectors/probes/http_check.hpp"
#include "collectors/probes/icmp_check.hpp"
#include "collectors/probes/server_check.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

bool has_failed(const CheckOutcome& check) { return check.failure.has_value(); }
bool was_asked(const CheckOutcome& check) { return check.not_asked == NotAsked::asked; }

constexpr std::chrono::seconds failed_is_asked_again_after = std::chrono::minutes(10);

bool is_due(const Check& check, const CheckOutcome& last, core::TimePoint now) {
  const auto every =
      last.failure ? std::min(check.every, failed_is_asked_again_after) : check.every;
  // A clock that was set back must not put it off for ever.
  return now - last.checked >= every || now < last.checked;
}

// One round of a service's checks.
class Round {
public:
  Round(const Service& service, const NameServers& name_servers, core::TimePoint now,
        std::stop_token stop)
      : service_(service), name_servers_(name_servers), now_(now), stop_(std::move(stop)) {}

  CheckOutcome ask(const Check& check) {
    auto outcome = check.kind == CheckKind::http ? ask_web(check) : ask_other(check);
    outcome.check = check.name;
    outcome.kind = check.kind;
    outcome.checked = now_;
    return outcome;
  }

private:
  CheckOutcome ask_web(const Check& check) {
    if (!web_is_silent_) {
      auto outcome = ask_over_http(service_, check, client_, name_servers_, stop_);
      web_is_silent_ = !outcome.answer;
      return outcome;
    }
    CheckOutcome outcome;
    outcome.verb = "GET";
    outcome.url = service_.url + check.path;
    outcome.not_asked = NotAsked::no_answer_before;
    return outcome;
  }

  CheckOutcome ask_other(const Check& check) {
    switch (check.kind) {
    case CheckKind::dns: return ask_for_record(service_, check, name_servers_, stop_);
    case CheckKind::zone: return ask_zone(service_, check, name_servers_, stop_);
    case CheckKind::delegation: return ask_delegation(service_, check, name_servers_, stop_);
    case CheckKind::icmp: return ping(service_, check, name_servers_, stop_);
    case CheckKind::domain:
      return ask_registry(service_, check, client_, name_servers_, now_, stop_);
    default: return ask_server(service_, check, name_servers_, stop_);
    }
  }

  const Service& service_;
  const NameServers& name_servers_;
  core::TimePoint now_;
  std::stop_token stop_;
  core::HttpClient client_;
  bool web_is_silent_ = false;
};

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
                       const core::Clock& clock, std::stop_token stop, const ProbeOutcome* before) {
  const auto started = std::chrono::steady_clock::now();
  Round round(service, name_servers, clock.now(), std::move(stop));
  ProbeOutcome outcome;
  outcome.checked = clock.now();
  for (std::size_t each = 0; each < service.checks.size(); ++each) {
    const auto& check = service.checks[each];
    const auto* last = before != nullptr ? &before->checks.at(each) : nullptr;
    const bool is_kept = last != nullptr && !is_due(check, *last, outcome.checked);
    outcome.checks.push_back(is_kept ? *last : round.ask(check));
  }
  outcome.duration = std::chrono::steady_clock::now() - started;
  return outcome;
}

} // namespace intendance::collectors
