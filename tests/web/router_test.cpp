// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/gzip.hpp"
#include "tests/web/samples.hpp"
#include "web/metrics.hpp"
#include "web/router.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <map>
#include <optional>
#include <string>

namespace intendance::web {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const std::string token = "correct-horse-battery-staple";

std::string header_of(const core::HttpResponse& response, const std::string& name) {
  std::string all;
  for (const auto& [key, value] : response.headers)
    if (key == name) all += value;
  return all;
}

class RouterTest : public testing::Test {
protected:
  RouterTest() { metrics.add("web", make_web_metrics(poller, access)); }

  core::HttpResponse ask(const std::string& method, const std::string& path,
                         std::map<std::string, std::string> headers = {
                             {"authorization", "Bearer " + token}}) {
    core::HttpRequest request;
    request.method = method;
    request.path = path;
    request.headers = std::move(headers);
    request.remote_address = "127.0.0.1";
    request.deadline = std::chrono::steady_clock::now() + 10s;
    return make_router(poller, access, metrics, core::HttpGuard(std::nullopt)).answer(request);
  }

  core::ManualClock clock{samples::now()};
  Poller poller{{}, {}, {}, clock};
  Access access{core::SecretBytes(core::as_bytes(token)), clock, 1h};
  core::MetricsPage metrics;
};

TEST_F(RouterTest, SendsTheOverviewOnceAndThenThatItHolds) {
  const core::HttpResponse first = ask("GET", "/api/v1/overview");
  EXPECT_EQ(first.status, 200);
  EXPECT_EQ(first.body, poller.latest()->json);
  EXPECT_EQ(header_of(first, "Cache-Control"), "private, no-cache");
  const core::HttpResponse second =
      ask("GET", "/api/v1/overview",
          {{"authorization", "Bearer " + token}, {"if-none-match", header_of(first, "ETag")}});
  EXPECT_EQ(second.status, 304);
  EXPECT_EQ(second.body, "");
  const core::HttpResponse gzipped =
      ask("GET", "/api/v1/overview",
          {{"authorization", "Bearer " + token}, {"accept-encoding", "gzip"}});
  EXPECT_EQ(header_of(gzipped, "Content-Encoding"), "gzip");
  EXPECT_EQ(core::gunzip(gzipped.body), first.body);
}

TEST_F(RouterTest, ShowsTheOverviewToNobodyElse) {
  EXPECT_EQ(ask("GET", "/api/v1/overview", {}).status, 401);
  // Not even whether it changed.
  EXPECT_EQ(ask("GET", "/api/v1/overview", {{"if-none-match", poller.latest()->etag}}).status, 401);
}

TEST_F(RouterTest, PutsTheSecurityHeadersOnEveryAnswer) {
  for (const char* path :
       {"/", "/healthz", "/metrics", "/api/v1/overview", "/nowhere", "/api/v1/session"}) {
    const core::HttpResponse response = ask("GET", path, {});
    const std::string policy = header_of(response, "Content-Security-Policy");
    EXPECT_THAT(policy, HasSubstr("default-src 'none'")) << path;
    EXPECT_THAT(policy, HasSubstr("frame-ancestors 'none'")) << path;
    EXPECT_THAT(policy, testing::Not(HasSubstr("unsafe"))) << path;
    EXPECT_EQ(header_of(response, "X-Content-Type-Options"), "nosniff") << path;
    EXPECT_EQ(header_of(response, "Referrer-Policy"), "no-referrer") << path;
  }
}

TEST_F(RouterTest, SaysHowItself) {
  EXPECT_EQ(ask("GET", "/healthz", {}).body, "ok\n");
  const core::HttpResponse response = ask("GET", "/metrics", {});
  EXPECT_EQ(response.status, 200);
  EXPECT_THAT(response.body, HasSubstr("intendance_webd_sessions 0\n"));
  EXPECT_THAT(response.body, HasSubstr("intendance_webd_build_info{version=\""));
}

TEST_F(RouterTest, KnowsNothingElse) {
  EXPECT_EQ(ask("GET", "/api/v1/session").status, 405);
  EXPECT_EQ(ask("POST", "/api/v1/overview").status, 405);
  EXPECT_EQ(ask("GET", "/api/v1/").status, 404);
  EXPECT_EQ(ask("GET", "/etc/passwd").status, 404);
}

TEST(WebMetrics, SayWhichDaemonsAnswer) {
  core::ManualClock clock(samples::now());
  const auto daemon = samples::serve(samples::collectord);
  const auto broken = samples::serve("oh no", 500);
  std::promise<void> both;
  const Poller poller({{DaemonKind::collectord, "web-1", daemon->address()},
                       {DaemonKind::backupd, "web-1", broken->address()}},
                      {}, {}, clock, [&, done = false](const auto& published) mutable {
                        const Overview& overview = published->overview;
                        if (!done && overview.machine_counts.well == 1 &&
                            overview.findings.size() == 1) {
                          done = true;
                          both.set_value();
                        }
                      });
  ASSERT_EQ(both.get_future().wait_for(20s), std::future_status::ready);
  Access access(core::SecretBytes(core::as_bytes(token)), clock, 1h);
  core::MetricsPage page;
  page.add("web", make_web_metrics(poller, access));
  const std::string text = core::serialize(page.collect({}, std::chrono::steady_clock::now() + 10s),
                                           core::ExpositionFormat::text);
  EXPECT_THAT(text,
              HasSubstr(R"(intendance_webd_daemon_up{daemon="collectord",machine="web-1"} 1)"));
  EXPECT_THAT(text, HasSubstr(R"(intendance_webd_daemon_up{daemon="backupd",machine="web-1"} 0)"));
  EXPECT_THAT(
      text,
      HasSubstr(
          R"(last_answer_timestamp_seconds{daemon="collectord",machine="web-1"} 1795439520)"));
}

} // namespace
} // namespace intendance::web
