// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/host.hpp"
#include "collectors/status.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace intendance::collectors {
namespace {

using nlohmann::json;

const core::TimePoint now = core::parse_utc("2026-11-23T13:12:00Z");

Families some_machine() {
  Families families;
  families.push_back(gauge_family("node_load1", ""));
  add_sample(families.back(), 0.42);
  families.push_back(gauge_family("node_boot_time_seconds", ""));
  add_sample(families.back(), 1793505612);
  families.push_back(gauge_family("node_memory_MemTotal_bytes", ""));
  add_sample(families.back(), 4112621568);
  families.push_back(counter_family("node_cpu_seconds_total", ""));
  for (const char* cpu : {"0", "1"})
    for (const char* mode : {"idle", "user"})
      add_sample(families.back(), 1, {{"cpu", cpu}, {"mode", mode}});
  families.push_back(gauge_family("node_filesystem_size_bytes", ""));
  for (const char* fstype : {"ext4", "tmpfs"})
    add_sample(families.back(), 21001531392,
               {{"device", "/dev/vda1"}, {"mountpoint", "/"}, {"fstype", fstype}});
  families.push_back(gauge_family("node_filesystem_avail_bytes", ""));
  add_sample(families.back(), 9123456789,
             {{"device", "/dev/vda1"}, {"mountpoint", "/"}, {"fstype", "ext4"}});
  return families;
}

TEST(StatusJson, IsWhatTheApiPromises) {
  ServiceStatus service{"expositions",         "omeka-s", "https://x.example.org",
                        ServiceState::unknown, {},        {}};
  ProbeOutcome outcome;
  outcome.checked = core::parse_utc("2026-11-23T13:11:48Z");
  outcome.duration = std::chrono::milliseconds(125);
  outcome.checks.emplace_back();
  outcome.checks[0].failure =
      ProbeFailure{ProbePhase::response, ProbeReason::timeout, "no whole answer within 5 s"};
  const auto status =
      json::parse(status_json("web-1", some_machine(), {advanced(service, outcome), service}, now));
  EXPECT_EQ(status["machine"], "web-1");
  EXPECT_EQ(status["time"], "2026-11-23T13:12:00Z");
  EXPECT_EQ(status["boot_time"], "2026-11-01T04:00:12Z");
  EXPECT_EQ(status["load1"], 0.42);
  EXPECT_EQ(status["cpus"], 2);
  EXPECT_EQ(status["memory"], json::parse(R"({"total_bytes":4112621568,"available_bytes":null})"));
  EXPECT_EQ(status["filesystems"], json::parse(R"([{"mountpoint":"/","size_bytes":21001531392,
                                                   "available_bytes":9123456789}])"));
  EXPECT_EQ(status["services"][0], json::parse(R"({"name":"expositions","kind":"omeka-s",
      "url":"https://x.example.org","state":"down","since":"2026-11-23T13:11:48Z",
      "checked":"2026-11-23T13:11:48Z","phase":"response","reason":"timeout",
      "detail":"no whole answer within 5 s","duration_seconds":0.125})"));
  EXPECT_EQ(status["services"][1]["state"], "unknown");
  EXPECT_TRUE(status["services"][1]["since"].is_null());
}

TEST(ProbesJson, HasEachCheckAndTheLastFailures) {
  ServiceStatus service;
  service.name = "expositions";
  ProbeOutcome outcome;
  outcome.checked = now;
  outcome.checks.resize(2);
  auto& failed = outcome.checks[0];
  failed.check = "items";
  failed.verb = "GET";
  failed.url = "https://x.example.org/api";
  failed.failure = ProbeFailure{ProbePhase::tls, ProbeReason::expired, "too old"};
  failed.earliest_certificate_expiry = std::chrono::sys_seconds(std::chrono::seconds(5));
  outcome.checks[1].check = "page";
  outcome.checks[1].not_asked = NotAsked::no_answer_before;
  auto status = advanced(service, outcome);
  Failures failures;
  remember(failures, outcome);
  status.failures = std::make_shared<Failures>(failures);

  const auto answer = json::parse(probes_json("web-1", {status, service}, now));
  const auto& one = answer["services"][0];
  EXPECT_EQ(one["state"], "down");
  EXPECT_EQ(one["checks"][0], json::parse(R"({"name":"items","ask":"http","verb":"GET",
      "url":"https://x.example.org/api","success":false,"not_asked":null,"phase":"tls",
      "reason":"expired","detail":"too old","status":null,"first_line":null,
      "duration_seconds":null,"certificate_expires":"1970-01-01T00:00:05Z"})"));
  EXPECT_TRUE(one["checks"][1]["success"].is_null());
  EXPECT_EQ(one["checks"][1]["not_asked"], "no_answer_before");
  EXPECT_EQ(one["failures"].size(), 1u);
  EXPECT_EQ(one["failures"][0]["reason"], "expired");
  EXPECT_TRUE(answer["services"][1]["checks"].empty());
}

TEST(StatusJson, WhatIsNotKnownIsNull) {
  const auto status = json::parse(status_json("web-1", {}, {}, now));
  for (const char* key : {"boot_time", "load1", "cpus"}) EXPECT_TRUE(status[key].is_null()) << key;
  EXPECT_TRUE(status["memory"]["total_bytes"].is_null());
  EXPECT_TRUE(status["filesystems"].empty());
  EXPECT_FALSE(status["version"].get<std::string>().empty());
}

TEST(StatusJson, BytesThatAreNoTextDoNotBreakIt) {
  Families families;
  families.push_back(gauge_family("node_filesystem_size_bytes", ""));
  add_sample(families.back(), 1,
             {{"device", "d"}, {"mountpoint", "/mnt/\xFF"}, {"fstype", "ext4"}});
  EXPECT_EQ(json::parse(status_json("m", families, {}, now))["filesystems"][0]["mountpoint"],
            "/mnt/\xEF\xBF\xBD");
}

TEST(StatusHandler, AnswersFromThisMachine) {
  core::ManualClock clock(now);
  core::MetricsPage page;
  build_host_page(page, {}, {}, clock);
  const Prober prober({}, std::chrono::seconds(30), {}, clock);
  const auto response = status_handler("web-1", page, prober, clock)({});
  EXPECT_EQ(response.status, 200);
  const auto status = json::parse(response.body);
  EXPECT_GT(status["memory"]["total_bytes"], 100000000);
  EXPECT_GE(status["cpus"], 1);
  EXPECT_TRUE(status["boot_time"].is_string());
}

} // namespace
} // namespace intendance::collectors
