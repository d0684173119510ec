// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/gzip.hpp"
#include "web/assets.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>

namespace intendance::web {
namespace {

using testing::ContainsRegex;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;
using testing::StartsWith;

std::string header_of(const core::HttpResponse& response, const std::string& name) {
  for (const auto& [key, value] : response.headers)
    if (key == name) return value;
  return {};
}

core::HttpResponse get(const std::string& path, const std::string& encoding = "",
                       const std::string& tag = "") {
  core::HttpRouter router;
  add_asset_routes(router);
  core::HttpRequest request;
  request.method = "GET";
  request.path = path;
  if (!encoding.empty()) request.headers["accept-encoding"] = encoding;
  if (!tag.empty()) request.headers["if-none-match"] = tag;
  return router.answer(request);
}

// The addresses that index.html asks for. Without std::regex, which GCC 12's sanitized builds warn
// of.
std::set<std::string> addresses_in_index() {
  const std::string index = get("/").body;
  std::set<std::string> addresses;
  for (const std::string attribute : {"src=\"", "href=\""})
    for (auto at = index.find(attribute); at != std::string::npos; at = index.find(attribute, at)) {
      at += attribute.size();
      addresses.insert(index.substr(at, index.find('"', at) - at));
    }
  return addresses;
}

TEST(Assets, HoldEverythingThatThePageAsksFor) {
  const std::set<std::string> addresses = addresses_in_index();
  EXPECT_EQ(addresses.size(), 3U); // script, styles, icon
  for (const std::string& address : addresses) {
    const core::HttpResponse response = get(address);
    EXPECT_EQ(response.status, 200) << address;
    EXPECT_EQ(header_of(response, "Cache-Control"), "public, max-age=31536000, immutable")
        << address;
    EXPECT_NE(response.content_type, "application/octet-stream") << address;
  }
}

TEST(Assets, HaveTheirHashInTheirNamesButIndex) {
  for (const Asset& asset : assets()) {
    if (asset.name == "index.html") continue;
    EXPECT_THAT(std::string(asset.name), MatchesRegex("[a-z]+-[A-Z0-9]{8}\\.(js|css|svg)"));
  }
}

TEST(Assets, GzipToWhatTheyAre) {
  for (const Asset& asset : assets()) {
    ASSERT_FALSE(asset.content.empty()) << asset.name;
    if (asset.gzipped.empty()) continue;
    EXPECT_LT(asset.gzipped.size(), asset.content.size()) << asset.name;
    EXPECT_EQ(core::gunzip(asset.gzipped), asset.content) << asset.name;
  }
}

TEST(Assets, AreSentGzippedToThoseWhoTakeIt) {
  const core::HttpResponse gzipped = get("/", "br, gzip");
  EXPECT_EQ(header_of(gzipped, "Content-Encoding"), "gzip");
  EXPECT_EQ(core::gunzip(gzipped.body), get("/").body);
  EXPECT_EQ(header_of(get("/", "gzip;q=0"), "Content-Encoding"), "");
  EXPECT_EQ(header_of(gzipped, "Vary"), "Accept-Encoding");
}

TEST(Assets, IndexIsAskedForAgainAndMostlyUnchanged) {
  const core::HttpResponse first = get("/");
  EXPECT_EQ(first.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(header_of(first, "Cache-Control"), "no-cache");
  const core::HttpResponse second = get("/", "gzip", header_of(first, "ETag"));
  EXPECT_EQ(second.status, 304);
  EXPECT_EQ(second.body, "");
  EXPECT_EQ(header_of(second, "ETag"), header_of(first, "ETag"));
  EXPECT_EQ(get("/", "", "W/\"another\"").status, 200);
}

TEST(Assets, NothingElseIsThere) {
  for (const char* path :
       {"/assets/", "/assets/index.html", "/assets/../main.cpp", "/assets/app.js", "/index.php"})
    EXPECT_EQ(get(path).status, 404) << path;
}

TEST(Assets, HoldNoInlineScriptOrStyle) {
  const std::string index = get("/").body;
  EXPECT_THAT(index, Not(HasSubstr("<style")));
  EXPECT_THAT(index, Not(ContainsRegex("[ \n](style|on[a-z]+)=")));
  const auto script = index.find("<script");
  EXPECT_THAT(index.substr(script), StartsWith("<script type=\"module\" src=\"/assets/"));
  EXPECT_EQ(index.find("<script", script + 1), std::string::npos);
}

} // namespace
} // namespace intendance::web
