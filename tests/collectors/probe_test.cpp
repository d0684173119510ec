// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/http_check.hpp"
#include "core/error.hpp"
#include "core/http_server.hpp"
#include "tests/collectors/support.hpp"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <latch>

namespace intendance::collectors {
namespace {

using core::HttpResponse;
using testing::HasSubstr;

// These ask nobody for names: all addresses are numbers.
ProbeOutcome probed(const Service& service, std::stop_token stop = {}) {
  return run_probe(service, {}, core::system_clock(), std::move(stop));
}

HttpResponse text(int status, std::string body) {
  return {status, "text/plain", std::move(body), {}};
}

HttpResponse redirect(const std::string& where) {
  return {302, "text/plain", "", {{"Location", where}}};
}

// A service on a free port of the loopback, answering as each test likes.
class Site {
public:
  explicit Site(core::HttpRouter router) : server_(options(), std::move(router)) {}

  Service with(std::vector<Check> checks) const {
    Service service;
    service.name = "site";
    service.kind = "website";
    service.url = server_.address();
    service.checks = std::move(checks);
    return service;
  }

private:
  static core::HttpServerOptions options() {
    core::HttpServerOptions options;
    options.listen = "127.0.0.1:0";
    return options;
  }
  core::HttpServer server_;
};

Check check_of(const std::string& path) {
  Check check;
  check.name = "check" + path;
  check.path = path;
  return check;
}

// The site's only page answers so.
Site answering(HttpResponse response) {
  core::HttpRouter router;
  router.add("GET", "/*", [response](const auto&) { return response; });
  return Site(std::move(router));
}

std::string failure_of(const Site& site, const Check& check) {
  const auto outcome = probed(site.with({check}));
  EXPECT_FALSE(outcome.success());
  return text_of(outcome.shown().failure);
}

TEST(Probe, AGoodAnswerIsUp) {
  const auto site = answering(HttpResponse::json(R"({"status":"ok"})"));
  auto check = check_of("/_up");
  check.contains = "status";
  check.json = {{"/status", "ok"}};
  const auto outcome = probed(site.with({check}));
  EXPECT_TRUE(outcome.success());
  const auto& answer = outcome.shown().answer.value();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body_bytes, 15);
  EXPECT_EQ(answer.content_length, 15);
  EXPECT_EQ(answer.first_line, R"({"status":"ok"})");
  EXPECT_EQ(answer.http_version, 1.1);
  EXPECT_FALSE(answer.ssl);
  EXPECT_EQ(outcome.shown().remote_address, "127.0.0.1");
  EXPECT_GT(outcome.duration.count(), 0);
  EXPECT_TRUE(outcome.shown().url.ends_with("/_up"));
}

TEST(Probe, AnErrorIsNamedByItsStatus) {
  const auto failure = failure_of(answering(text(500, "<html>secret trace")), check_of("/"));
  EXPECT_EQ(failure, "response/bad_status: 500, not 200");
}

TEST(Probe, ARedirectIsNamedByWhereItLeads) {
  const auto failure = failure_of(answering(redirect("/install?token=31337")), check_of("/api"));
  EXPECT_EQ(failure,
            "response/redirect: 302 to /install, not 200"); // no figure that changes each time
}

TEST(Probe, ADeclaredRedirectIsFollowed) {
  core::HttpRouter router;
  router.add("GET", "/old", [](const auto&) { return redirect("/new"); });
  router.add("GET", "/new", [](const auto&) { return text(200, "here"); });
  const Site site(std::move(router));
  auto check = check_of("/old");
  check.contains = "here";
  check.most_redirects = 1;
  const auto outcome = probed(site.with({check}));
  EXPECT_TRUE(outcome.success());
  EXPECT_EQ(outcome.shown().answer->redirects, 1);
}

TEST(Probe, ALoopOfRedirectsFails) {
  auto check = check_of("/a");
  check.most_redirects = 3;
  const auto failure = failure_of(answering(redirect("/a")), check);
  EXPECT_THAT(failure, HasSubstr("response/redirect_loop"));
}

TEST(Probe, AWrongTextIsNamed) {
  auto check = check_of("/");
  check.contains = "Bienvenue";
  const auto failure = failure_of(answering(text(200, "Erreur")), check);
  EXPECT_EQ(failure, "content/body_mismatch: the answer does not contain \"Bienvenue\"");
}

TEST(Probe, TheServicesOwnTextIsLookedFor) {
  const auto site = answering(text(200, "Ouvroir d'histoire"));
  auto check = check_of("/");
  check.service_text = true;
  auto service = site.with({check});
  EXPECT_TRUE(probed(service).success());
  service.text = "Ouvroir";
  EXPECT_TRUE(probed(service).success());
  service.text = "Index of /";
  EXPECT_FALSE(probed(service).success());
}

// A port that is ours and that nobody listens on.
class ClosedPort {
public:
  ClosedPort() : socket_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket_.get(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port_ = ntohs(address.sin_port);
  }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
  core::FileDescriptor socket_;
  std::uint16_t port_ = 0;
};

TEST(Probe, AClosedPortIsRefusedAndTheRestSkipped) {
  const ClosedPort port;
  Service service;
  service.url = port.url();
  service.checks = {check_of("/a"), check_of("/b")};
  const auto outcome = probed(service);
  ASSERT_EQ(outcome.checks.size(), 2u);
  EXPECT_EQ(text_of(outcome.shown().failure), "connect/refused: Connection refused");
  EXPECT_FALSE(outcome.shown().answer);
  EXPECT_EQ(outcome.checks[1].failure, std::nullopt);
  EXPECT_EQ(outcome.checks[1].not_asked, NotAsked::no_answer_before);
  EXPECT_FALSE(outcome.success());
}

TEST(Probe, ANameThatIsNoneIsNotAskedFor) {
  Service service;
  // Longer than a label of DNS can be, so that it is refused here and nobody is asked.
  service.url = "http://" + std::string(70, 'x') + ".invalid";
  service.checks = {check_of("/")};
  const auto outcome = run_probe(service, {{{"127.0.0.1"}}}, core::system_clock());
  EXPECT_EQ(text_of(outcome.shown().failure),
            "resolve/bad_address: a part of the name is empty or longer than 63 bytes");
}

TEST(Probe, ASlowAnswerTimesOut) {
  std::latch done(1);
  core::HttpRouter router;
  router.add("GET", "/slow", [&](const auto&) {
    done.wait();
    return text(200, "late");
  });
  const Site site(std::move(router));
  auto check = check_of("/slow");
  check.timeout = std::chrono::seconds(1);
  const auto started = std::chrono::steady_clock::now();
  const auto failure = failure_of(site, check);
  EXPECT_LT(std::chrono::steady_clock::now() - started, std::chrono::seconds(5));
  EXPECT_EQ(failure, "response/timeout: no whole answer within 1 s");
  done.count_down();
}

TEST(Probe, StopsWhenAsked) {
  std::latch done(1);
  std::stop_source stop;
  core::HttpRouter router;
  router.add("GET", "/slow", [&](const auto&) {
    stop.request_stop();
    done.wait();
    return text(200, "late");
  });
  const Site site(std::move(router));
  EXPECT_THROW(probed(site.with({check_of("/slow")}), stop.get_token()), core::Cancelled);
  done.count_down();
}

TEST(Probe, EveryCheckIsAskedAndTheFirstFaultShown) {
  core::HttpRouter router;
  router.add("GET", "/good", [](const auto&) { return text(200, ""); });
  router.add("GET", "/bad", [](const auto&) { return text(503, ""); });
  const Site site(std::move(router));
  const auto outcome = probed(
      site.with({check_of("/good"), check_of("/bad"), check_of("/good"), check_of("/gone")}));
  EXPECT_FALSE(outcome.success());
  EXPECT_EQ(outcome.shown().check, "check/bad");
  EXPECT_FALSE(outcome.checks[2].failure);
  EXPECT_EQ(outcome.checks[3].failure->detail, "404, not 200");
}

// --- judge, on answers that need no server
// ---------------------------------------------------------

core::HttpReply reply_with(std::string body) {
  core::HttpReply reply;
  reply.status = 200;
  reply.url = "https://site.example.org/status";
  reply.body = std::move(body);
  return reply;
}

std::string json_reason(const std::string& body, JsonExpectation expectation) {
  Check check;
  check.json = {std::move(expectation)};
  return text_of(judge(check, reply_with(body), ""));
}

TEST(Judge, ComparesJsonValuesOfEveryType) {
  const std::string body = R"({"text":"ok","yes":true,"count":3,"list":[{"a/b":null}]})";
  EXPECT_EQ(json_reason(body, {"/text", "ok"}), "");
  EXPECT_EQ(json_reason(body, {"/yes", "true"}), "");
  EXPECT_EQ(json_reason(body, {"/count", "3"}), "");
  EXPECT_EQ(json_reason(body, {"/list/0/a~1b", "null"}), "");
  EXPECT_EQ(json_reason(body, {"/count", std::nullopt}), "");
  EXPECT_EQ(json_reason(body, {"/text", "OK"}), "content/json_mismatch: /text is ok, not OK");
  EXPECT_EQ(json_reason(body, {"/yes", "false"}), "content/json_mismatch: /yes is true, not false");
  EXPECT_EQ(json_reason(body, {"/list/1", std::nullopt}),
            "content/json_mismatch: the answer has no /list/1");
  EXPECT_EQ(json_reason(body, {"/text/deeper", std::nullopt}),
            "content/json_mismatch: the answer has no /text/deeper");
  EXPECT_EQ(json_reason(body, {"/list/01", std::nullopt}),
            "content/json_mismatch: the answer has no /list/01");
}

TEST(Judge, SaysWhenTheAnswerIsNoJson) {
  for (const char* body : {"", "<!DOCTYPE html>\n<html>", "{\"cut\":", "\xFF\xFE"})
    EXPECT_THAT(json_reason(body, {"/a", std::nullopt}),
                HasSubstr("content/not_json: the answer is not JSON"))
        << body;
  EXPECT_EQ(json_reason("<!DOCTYPE html>\n<html>", {"/a", std::nullopt}),
            "content/not_json: the answer is not JSON: \"<!DOCTYPE html>\"");
}

TEST(Judge, DeepJsonIsNoDanger) {
  const std::string deep = std::string(200000, '[') + std::string(200000, ']');
  EXPECT_EQ(json_reason(deep, {"/a", std::nullopt}), "content/json_mismatch: the answer has no /a");
}

TEST(Judge, CutsForeignTextAndKeepsItOnOneLine) {
  const auto reason =
      json_reason("{\"a\":\"" + std::string(119, 'x') + "\xC3\xA9" + "yyy\"}", {"/a", "b"});
  EXPECT_LT(reason.size(), 200u);
  EXPECT_THAT(reason, HasSubstr(std::string(119, 'x') + "…"));
  EXPECT_EQ(json_reason("{\"a\":\"x\\ny\\u001b[31m\"}", {"/a", "b"}),
            "content/json_mismatch: /a is x y [31m, not b");
  EXPECT_EQ(json_reason(R"({"a":"x\u009b31my"})", {"/a", "b"}),
            "content/json_mismatch: /a is x 31my, not b");
}

TEST(Judge, ShortensARedirectWithinTheSite) {
  auto reply = reply_with("");
  reply.status = 301;
  Check check;
  const auto reason = [&](const char* location) {
    reply.headers["location"] = location;
    return judge(check, reply, "")->detail;
  };
  EXPECT_EQ(reason("https://site.example.org/install/"), "301 to /install/, not 200");
  EXPECT_EQ(reason("https://site.example.org.evil.org/"),
            "301 to https://site.example.org.evil.org/, not 200");
  EXPECT_EQ(reason(""), "301, not 200");
  check.statuses = {200, 204};
  EXPECT_EQ(reason("/x"), "301 to /x, not 200 or 204");
}

// Answers recorded from the real services, with their source in their names.
TEST(Judge, RealAnswersPassTheirProfiles) {
  const auto catalogue = load_catalogue(std::string(FIXTURES) + "/../../services");
  const auto recorded = [](const char* name) {
    return reply_with(core::read_file(std::string(FIXTURES) + "/services/" + name));
  };
  const std::tuple<const char*, const char*, const char*> cases[] = {
      {"couchdb", "up", "couchdb-3.4.3_up.json"},
      {"couchdb", "version", "couchdb-3.4.3_root.json"},
      {"hedgedoc", "ready", "hedgedoc-1.12.0_health.json"},
      {"hedgedoc", "database", "hedgedoc-1.12.0_status.json"},
      {"omeka-classic", "site", "omeka-classic-3.2.1_api_site.json"}};
  for (const auto& [kind, name, file] : cases) {
    const auto& checks = catalogue.at(kind).checks;
    const auto check = std::find_if(checks.begin(), checks.end(),
                                    [&](const Check& one) { return one.name == name; });
    ASSERT_NE(check, checks.end()) << kind << name;
    EXPECT_EQ(judge(*check, recorded(file), ""), std::nullopt) << file;
  }
  auto maintenance = recorded("couchdb-3.4.3_up_maintenance.json");
  maintenance.status = 404;
  EXPECT_EQ(judge(catalogue.at("couchdb").checks[0], maintenance, "")->detail, "404, not 200");
}

} // namespace
} // namespace intendance::collectors
