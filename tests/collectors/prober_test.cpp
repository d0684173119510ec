// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/prober.hpp"
#include "core/http_server.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

#include <atomic>

namespace intendance::collectors {
namespace {

using namespace std::chrono_literals;

const core::TimePoint start = core::parse_utc("2026-11-23T08:00:00Z");

ProbeOutcome outcome_at(std::chrono::minutes after_start, bool success,
                        ProbeFailure failure = {ProbePhase::response, ProbeReason::bad_status,
                                                "500, not 200"}) {
  ProbeOutcome outcome;
  outcome.checked = start + after_start;
  outcome.duration = 250ms;
  CheckOutcome check;
  check.check = "items";
  check.answer = AnswerFacts{};
  check.answer->status = success ? 200 : 500;
  if (!success) check.failure = std::move(failure);
  outcome.checks.push_back(check);
  return outcome;
}

const ProbeFailure refused{ProbePhase::connect, ProbeReason::refused, "Connection refused"};

ServiceStatus fresh() {
  return {"expositions", "omeka-s", "http://x", ServiceState::unknown, {}, {}};
}

TEST(ServiceStatus, SinceMovesOnlyWithTheState) {
  auto status = advanced(fresh(), outcome_at(0min, true));
  EXPECT_EQ(status.state, ServiceState::up);
  EXPECT_EQ(status.since, start);
  status = advanced(status, outcome_at(1min, true));
  EXPECT_EQ(status.since, start);
  status = advanced(status, outcome_at(2min, false));
  EXPECT_EQ(status.state, ServiceState::down);
  EXPECT_EQ(status.since, start + 2min);
  status = advanced(status, outcome_at(3min, false, refused));
  EXPECT_EQ(status.since, start + 2min);
  EXPECT_EQ(status.last->checked, start + 3min);
}

TEST(PublishProbes, HasBlackboxExportersNames) {
  auto outcome = outcome_at(0min, true);
  auto& answer = *outcome.checks[0].answer;
  answer.http_version = 1.1;
  answer.redirects = 2;
  answer.ssl = true;
  answer.content_length = 512;
  answer.body_bytes = 510;
  outcome.checks[0].timings = core::NetworkTimings{10ms, 20ms, 30ms, 40ms, 50ms, 150ms};
  outcome.checks[0].remote_address = "2001:db8::1";
  outcome.checks[0].earliest_certificate_expiry = std::chrono::sys_seconds(1800000000s);
  const auto families = publish_probes({advanced(fresh(), outcome)});
  const std::map<std::string, std::string> labels = {{"service", "expositions"},
                                                     {"kind", "omeka-s"}};
  const std::pair<const char*, double> wanted[] = {
      {"probe_success", 1},
      {"probe_duration_seconds", 0.25},
      {"probe_http_status_code", 200},
      {"probe_http_version", 1.1},
      {"probe_http_redirects", 2},
      {"probe_http_ssl", 1},
      {"probe_http_content_length", 512},
      {"probe_http_uncompressed_body_length", 510},
      {"probe_failed_due_to_regex", 0},
      {"probe_ip_protocol", 6},
      {"probe_dns_lookup_time_seconds", 0.01},
      {"probe_ssl_earliest_cert_expiry", 1800000000},
      {"intendance_probe_last_run_timestamp_seconds", core::seconds_since_epoch(start)}};
  for (const auto& [name, value] : wanted) EXPECT_EQ(sample(families, name, labels), value) << name;
  const std::pair<const char*, double> phases[] = {{"resolve", 0.01},
                                                   {"connect", 0.02},
                                                   {"tls", 0.03},
                                                   {"processing", 0.04},
                                                   {"transfer", 0.05}};
  for (const auto& [phase, seconds] : phases) {
    auto with_phase = labels;
    with_phase["phase"] = phase;
    EXPECT_EQ(sample(families, "probe_http_duration_seconds", with_phase), seconds) << phase;
  }
  EXPECT_EQ(sample_count(families, "probe_failure_info"), 0u);
}

TEST(PublishProbes, SaysWhyAServiceIsDown) {
  const auto down = [](ProbeFailure failure) {
    return publish_probes({advanced(fresh(), outcome_at(0min, false, std::move(failure)))});
  };
  const auto families =
      down({ProbePhase::response, ProbeReason::redirect, "302 to /install, not 200"});
  EXPECT_EQ(sample(families, "probe_failure_info",
                   {{"service", "expositions"},
                    {"kind", "omeka-s"},
                    {"check", "items"},
                    {"phase", "response"},
                    {"reason", "redirect"}}),
            1);
  const std::map<std::string, std::string> labels = {{"service", "expositions"},
                                                     {"kind", "omeka-s"}};
  EXPECT_EQ(sample(families, "probe_success", labels), 0);
  EXPECT_EQ(sample(families, "probe_failed_due_to_regex", labels), 0);
  for (const auto reason :
       {ProbeReason::json_mismatch, ProbeReason::not_json, ProbeReason::body_mismatch})
    EXPECT_EQ(sample(down({ProbePhase::content, reason, ""}), "probe_failed_due_to_regex", labels),
              1);
}

TEST(PublishProbes, ACertificateThatIsNotBelievedStillExpires) {
  auto outcome = outcome_at(0min, false, {ProbePhase::tls, ProbeReason::expired, ""});
  outcome.checks[0].answer.reset();
  outcome.checks[0].earliest_certificate_expiry = std::chrono::sys_seconds(5s);
  outcome.checks.push_back(outcome.checks[0]);
  outcome.checks[1].earliest_certificate_expiry = std::chrono::sys_seconds(3s);
  EXPECT_EQ(sample(publish_probes({advanced(fresh(), outcome)}), "probe_ssl_earliest_cert_expiry",
                   {{"service", "expositions"}, {"kind", "omeka-s"}}),
            3);
}

TEST(PublishProbes, OtherChecksHaveFiguresOfTheirOwn) {
  auto outcome = outcome_at(0min, true);
  auto& check = outcome.checks[0];
  check.kind = CheckKind::zone;
  check.answer.reset();
  check.serials = {{"ns1.x", "192.0.2.7", 7}, {"ns2.x", "192.0.2.8", 8}};
  outcome.checks.push_back({});
  outcome.checks[1].check = "registration";
  outcome.checks[1].kind = CheckKind::domain;
  outcome.checks[1].domain_expiry = std::chrono::sys_seconds(5s);
  outcome.checks.push_back({});
  outcome.checks[2].check = "echo";
  outcome.checks[2].kind = CheckKind::icmp;
  outcome.checks[2].timings = core::NetworkTimings{1ms, {}, {}, 20ms, {}, 21ms};
  const auto families = publish_probes({advanced(fresh(), outcome)});
  const auto with = [](std::map<std::string, std::string> labels) {
    labels.insert({{"service", "expositions"}, {"kind", "omeka-s"}});
    return labels;
  };
  EXPECT_EQ(
      sample(families, "probe_dns_serial", with({{"server", "ns2.x"}, {"address", "192.0.2.8"}})),
      8);
  EXPECT_EQ(sample(families, "intendance_domain_expiry_timestamp_seconds",
                   with({{"check", "registration"}})),
            5);
  EXPECT_EQ(
      sample(families, "probe_icmp_duration_seconds", with({{"check", "echo"}, {"phase", "rtt"}})),
      0.02);
  // No web server was asked: there is no status, and no 0 in its place.
  EXPECT_EQ(sample_count(families, "probe_http_status_code"), 0u);
}

TEST(PublishProbes, WhatWasNotAskedIsNeitherUpNorDown) {
  auto outcome = outcome_at(0min, true);
  outcome.checks[0].not_asked = NotAsked::not_permitted;
  const auto status = advanced(fresh(), outcome);
  EXPECT_EQ(status.state, ServiceState::unknown);
  const auto families = publish_probes({status});
  EXPECT_EQ(sample_count(families, "probe_success"), 0u);
  EXPECT_EQ(sample_count(families, "intendance_probe_check_success"), 0u);
  EXPECT_EQ(sample_count(families, "probe_duration_seconds"), 1u);
}

TEST(PublishProbes, WithoutAnAnswerThereIsNoTimingAndNoSentinel) {
  auto outcome = outcome_at(0min, false, refused);
  outcome.checks[0].answer.reset();
  outcome.checks.emplace_back();
  outcome.checks.back().not_asked = NotAsked::no_answer_before;
  const auto families = publish_probes({advanced(fresh(), outcome)});
  EXPECT_EQ(
      sample(families, "probe_http_status_code", {{"service", "expositions"}, {"kind", "omeka-s"}}),
      0);
  for (const char* name : {"probe_ssl_earliest_cert_expiry", "probe_ip_protocol",
                           "probe_http_duration_seconds", "probe_http_content_length"})
    EXPECT_EQ(sample_count(families, name), 0u) << name;
  EXPECT_EQ(sample_count(families, "intendance_probe_check_success"), 1u); // not the skipped one
}

TEST(PublishProbes, AServiceThatWasNotProbedHasNoSamples) {
  for (const auto& family : publish_probes({fresh()}))
    EXPECT_TRUE(family.metric.empty()) << family.name;
}

// --- the prober on a real server
// -------------------------------------------------------------------

class ProberOnASite : public testing::Test {
protected:
  static core::HttpServerOptions options() {
    core::HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }

  core::HttpRouter router() {
    core::HttpRouter router;
    router.add("GET", "/", [this](const auto&) {
      ++asked_;
      return core::HttpResponse{status_, "text/plain", "hello", {}};
    });
    return router;
  }

  Service service(const std::string& name) const {
    Service service;
    service.name = name;
    service.kind = "website";
    service.url = server_.address();
    service.checks.resize(1);
    service.checks[0].path = "/";
    return service;
  }

  // Moves the clock on by steps until it is so, as long as that does not take too long.
  template <class Condition>
  bool soon(Condition&& condition, std::chrono::seconds step = 10s) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      clock_.advance(step);
      std::this_thread::yield();
    }
    return true;
  }

  std::atomic<int> status_ = 200;
  std::atomic<int> asked_ = 0;
  core::ManualClock clock_{start};
  core::HttpServer server_{options(), router()};
};

TEST_F(ProberOnASite, FollowsAServiceUpAndDownAndUp) {
  const Prober prober({service("site")}, 30s, {}, clock_);
  EXPECT_EQ(prober.statuses().at(0).state, ServiceState::unknown);
  const auto is = [&](ServiceState state) {
    return [&prober, state] { return prober.statuses().at(0).state == state; };
  };
  EXPECT_TRUE(soon(is(ServiceState::up)));
  status_ = 500;
  EXPECT_TRUE(soon(is(ServiceState::down)));
  const auto down = prober.statuses().at(0);
  EXPECT_EQ(down.last->shown().failure->detail, "500, not 200");
  EXPECT_GT(down.since, start);
  EXPECT_EQ(sample(prober.collectable()->Collect(), "probe_success",
                   {{"service", "site"}, {"kind", "website"}}),
            0);
  status_ = 200;
  EXPECT_TRUE(soon(is(ServiceState::up)));
}

TEST_F(ProberOnASite, AsksOnceAnInterval) {
  const Prober prober({service("site")}, 24h, {}, clock_);
  EXPECT_TRUE(soon([&] { return asked_ == 1; }, 1s));
  EXPECT_TRUE(soon([&] { return prober.statuses()[0].last.has_value(); }, 0s));
  // While the clock stands still nothing more is asked, however often the page is.
  for (int i = 0; i < 1000; ++i) prober.collectable()->Collect();
  EXPECT_EQ(asked_, 1);
  clock_.advance(24h);
  EXPECT_TRUE(soon([&] { return asked_ == 2; }, 0s));
}

TEST_F(ProberOnASite, ACheckThatIsAskedSeldomKeepsItsOutcomeUntilItIsDue) {
  auto site = service("site");
  site.checks.push_back(site.checks[0]);
  site.checks[0].every = 1h;
  const auto probe = [&](const ProbeOutcome* before) {
    return run_probe(site, {}, clock_, {}, before);
  };
  auto last = probe(nullptr);
  EXPECT_EQ(asked_, 2);
  clock_.advance(59min);
  last = probe(&last);
  EXPECT_EQ(asked_, 3); // the other check
  EXPECT_EQ(last.checks[0].checked, start);
  EXPECT_EQ(last.checks[1].checked, start + 59min);
  clock_.advance(1min);
  status_ = 500;
  last = probe(&last);
  EXPECT_EQ(asked_, 5);
  // Once it failed it is asked again sooner.
  clock_.advance(9min);
  last = probe(&last);
  EXPECT_EQ(last.checks[0].checked, start + 1h);
  status_ = 200;
  clock_.advance(1min);
  last = probe(&last);
  EXPECT_TRUE(last.success());
}

TEST_F(ProberOnASite, WatchesOnlyServicesWithAUrlOrAHost) {
  auto silent = service("archive");
  silent.url.clear();
  const Prober prober({silent, service("site")}, 30s, {}, clock_);
  ASSERT_EQ(prober.statuses().size(), 1u);
  EXPECT_EQ(prober.statuses()[0].name, "site");
}

TEST_F(ProberOnASite, ItsFiguresOutliveIt) {
  std::shared_ptr<prometheus::Collectable> figures;
  {
    const Prober prober({service("site")}, 30s, {}, clock_);
    figures = prober.collectable();
    EXPECT_TRUE(soon([&] { return prober.statuses()[0].state == ServiceState::up; }));
  }
  EXPECT_EQ(sample(figures->Collect(), "probe_success", {{"service", "site"}, {"kind", "website"}}),
            1);
}

} // namespace
} // namespace intendance::collectors
