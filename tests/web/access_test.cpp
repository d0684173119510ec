// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "tests/web/samples.hpp"
#include "web/access.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace intendance::web {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const std::string token = "correct-horse-battery-staple";

core::SecretBytes secret(const std::string& text) {
  return core::SecretBytes(core::as_bytes(text));
}

std::string header_of(const core::HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

core::HttpRequest sign_in_request(const std::string& body) {
  core::HttpRequest request;
  request.method = "POST";
  request.path = "/api/v1/session";
  request.headers["content-type"] = "application/json";
  request.body = body;
  request.remote_address = "127.0.0.1";
  return request;
}

core::HttpRequest request_with(const std::string& header, const std::string& value) {
  core::HttpRequest request;
  request.method = "GET";
  request.path = "/api/v1/overview";
  request.headers[header] = value;
  request.remote_address = "127.0.0.1";
  return request;
}

class AccessTest : public testing::Test {
protected:
  core::ManualClock clock{samples::now()};
  Access access{secret(token), clock, 1h};
  core::HttpHandler guarded =
      access.guard([](const core::HttpRequest&) { return core::HttpResponse::json("{}"); });

  core::HttpResponse sign_in(const std::string& given = token) {
    return access.sign_in(sign_in_request(R"({"token": ")" + given + "\"}"));
  }
  // "intendance_session=…", as a browser sends it back.
  std::string cookie() {
    const std::string set = header_of(sign_in(), "Set-Cookie");
    return set.substr(0, set.find(';'));
  }
};

TEST_F(AccessTest, OpensASessionForTheToken) {
  const core::HttpResponse response = sign_in();
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.body, R"({"expires":"2026-11-23T14:12:00Z"})");
  const std::string set = header_of(response, "Set-Cookie");
  EXPECT_THAT(set,
              testing::MatchesRegex(
                  "intendance_session=[0-9a-f]+; Path=/; HttpOnly; SameSite=Strict; Max-Age=3600"));
  EXPECT_EQ(access.sessions(), 1U);
}

TEST_F(AccessTest, KeepsTheCookieToHttpsBehindAProxyThatSpeaksIt) {
  core::HttpRequest request = sign_in_request(R"({"token": ")" + token + "\"}");
  request.headers["x-forwarded-proto"] = "https";
  EXPECT_THAT(header_of(access.sign_in(request), "Set-Cookie"), HasSubstr("; Secure"));
}

TEST_F(AccessTest, LetsASessionInUntilItEndsOrIsClosed) {
  const std::string mine = cookie();
  EXPECT_EQ(guarded(request_with("cookie", "other=1; " + mine)).status, 200);
  EXPECT_EQ(guarded(request_with("cookie", "x" + mine)).status, 401);
  const core::HttpResponse closed = access.sign_out(request_with("cookie", mine));
  EXPECT_EQ(closed.status, 204);
  EXPECT_THAT(header_of(closed, "Set-Cookie"),
              HasSubstr("intendance_session=; Path=/; HttpOnly; SameSite=Strict; Max-Age=0"));
  EXPECT_EQ(guarded(request_with("cookie", mine)).status, 401);
  const std::string next = cookie();
  clock.advance(1h);
  EXPECT_EQ(guarded(request_with("cookie", next)).status, 401);
}

TEST_F(AccessTest, LetsScriptsInByTheToken) {
  EXPECT_EQ(guarded(request_with("authorization", "Bearer " + token)).status, 200);
  EXPECT_EQ(guarded(request_with("authorization", "Bearer " + token + "x")).status, 401);
  EXPECT_EQ(guarded(request_with("authorization", "Basic " + token)).status, 401);
  const core::HttpResponse refused = guarded(core::HttpRequest());
  EXPECT_EQ(refused.status, 401);
  EXPECT_EQ(header_of(refused, "WWW-Authenticate"), "Bearer realm=\"intendance\"");
}

TEST_F(AccessTest, RefusesWhatIsNotASignIn) {
  for (const char* body :
       {"", "{", "[]", "{}", R"({"token": 1})", R"({"token": null})", "token=x", "\xff"})
    EXPECT_EQ(access.sign_in(sign_in_request(body)).status, 400) << body;
  core::HttpRequest form = sign_in_request("token=" + token);
  form.headers["content-type"] = "application/x-www-form-urlencoded";
  EXPECT_EQ(access.sign_in(form).status, 415);
  form.headers.erase("content-type");
  EXPECT_EQ(access.sign_in(form).status, 415);
  EXPECT_EQ(access.sessions(), 0U);
}

TEST_F(AccessTest, SlowsDownWhoeverGuesses) {
  for (int i = 0; i < AttemptLimiter::most_failures; ++i) EXPECT_EQ(sign_in("wrong").status, 401);
  // Even the right token, or the limit would tell which one it is.
  const core::HttpResponse waiting = sign_in();
  EXPECT_EQ(waiting.status, 429);
  EXPECT_EQ(header_of(waiting, "Retry-After"), "60");
  EXPECT_THAT(header_of(waiting, "Set-Cookie"), Not(HasSubstr("intendance_session")));
  EXPECT_EQ(guarded(request_with("authorization", "Bearer " + token)).status, 429);
  clock.advance(60s);
  EXPECT_EQ(sign_in().status, 200);
}

TEST_F(AccessTest, DoesNotPunishASessionForItsNeighbours) {
  const std::string mine = cookie();
  for (int i = 0; i < AttemptLimiter::most_failures; ++i) sign_in("wrong");
  EXPECT_EQ(guarded(request_with("cookie", mine)).status, 200);
}

TEST(Access, RefusesATokenThatCanBeGuessed) {
  core::ManualClock clock(samples::now());
  EXPECT_THROW(Access(secret("nineteen-characters"), clock, 1h), core::ConfigError);
  EXPECT_NO_THROW(Access(secret("twenty-characters-ok"), clock, 1h));
}

TEST(ClientAddress, TrustsAProxyOnThisMachineOnly) {
  core::HttpRequest request;
  request.remote_address = "127.0.0.1";
  EXPECT_EQ(client_address(request), "127.0.0.1");
  request.headers["x-forwarded-for"] = "198.51.100.7, 192.0.2.9";
  EXPECT_EQ(client_address(request), "192.0.2.9");
  request.headers["x-forwarded-for"] = std::string(200, 'x');
  EXPECT_EQ(client_address(request), "127.0.0.1");
  request.headers["x-forwarded-for"] = "192.0.2.9";
  request.remote_address = "203.0.113.5";
  EXPECT_EQ(client_address(request), "203.0.113.5");
}

} // namespace
} // namespace intendance::web
