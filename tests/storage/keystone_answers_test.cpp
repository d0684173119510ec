// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/keystone_answers.hpp"

#include <gmock/gmock.h>

namespace intendance::storage {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

core::SecretBytes secret(std::string_view text) { return core::SecretBytes(core::as_bytes(text)); }

KeystoneIdentity application() {
  return {"https://k/v3", ApplicationCredential{"id", secret("se\"cret")}};
}

core::HttpReply reply(int status, std::string body) {
  core::HttpReply made;
  made.status = status;
  made.body = std::move(body);
  made.headers["x-subject-token"] = "gAAAA";
  return made;
}

// As Keystone 22.0.2 writes it, without what nobody here reads.
constexpr const char* granted = R"({"token": {"methods": ["password"],
  "user": {"domain": {"id": "default", "name": "Default"}, "id": "5b38", "name": "backup"},
  "expires_at": "2026-11-28T06:15:00.000000Z", "issued_at": "2026-11-28T05:15:00.000000Z",
  "project": {"domain": {"id": "default", "name": "Default"}, "id": "8f7c", "name": "lab"},
  "is_domain": false, "roles": [{"id": "f0c5", "name": "member"}],
  "catalog": [
    {"endpoints": [{"id": "e1", "interface": "public", "region_id": "RegionOne",
      "url": "https://keystone.example.ca:5000/v3", "region": "RegionOne"}],
     "id": "s1", "type": "identity", "name": "keystone"},
    {"endpoints": [{"id": "e2", "interface": "admin", "region_id": "RegionOne",
      "url": "http://10.0.0.1:8080/v1/AUTH_8f7c", "region": "RegionOne"},
     {"id": "e3", "interface": "public", "region_id": "RegionOne",
      "url": "https://Objets.example.ca:443/v1/AUTH_8f7c/", "region": "RegionOne"}],
     "id": "s2", "type": "object-store", "name": "swift"}]}})";

template <class Expected>
std::string told_by(const std::function<void()>& work) {
  try {
    work();
  } catch (const core::Error& error) {
    EXPECT_EQ(typeid(error), typeid(Expected)) << error.what();
    return error.what();
  }
  return "nothing was thrown";
}

template <class Expected>
std::string told_by(int status, std::string body, const KeystoneIdentity& identity) {
  return told_by<Expected>(
      [&] { throw_keystone_failure(reply(status, std::move(body)), identity); });
}

std::string error(const std::string& message) {
  return R"({"error": {"code": 401, "message": ")" + message + R"(", "title": "Unauthorized"}})";
}

TEST(KeystoneAnswers, AGrantHasATokenItsTimesAndWhereToUseIt) {
  const auto grant = read_keystone_grant(reply(201, granted));
  EXPECT_EQ(grant.token, "gAAAA");
  EXPECT_EQ(core::format_utc(grant.issued), "2026-11-28T05:15:00Z");
  EXPECT_EQ(core::format_utc(grant.expires), "2026-11-28T06:15:00Z");
  EXPECT_THAT(grant.object_stores, ElementsAre("https://Objets.example.ca:443/v1/AUTH_8f7c/"));
  EXPECT_THAT(grant.other_types, ElementsAre("identity"));
}

TEST(KeystoneAnswers, TheAddressesHostChoosesTheEndpoint) {
  const auto grant = read_keystone_grant(reply(201, granted));
  EXPECT_EQ(endpoint_at(grant, "https://objets.example.ca"),
            "https://Objets.example.ca:443/v1/AUTH_8f7c");
  for (const char* other : {"http://objets.example.ca", "https://objets.example.ca:8080",
                            "https://10.0.0.1:8080", "https://objets.example.ca.evil.example"}) {
    EXPECT_THAT(told_by<core::Error>([&] { endpoint_at(grant, other); }),
                HasSubstr("but at https://Objets.example.ca:443/v1/AUTH_8f7c"))
        << other;
  }
}

TEST(KeystoneAnswers, ACatalogueWithoutObjectStoresSaysWhatItHas) {
  KeystoneGrant grant;
  grant.other_types = {"identity", "compute"};
  EXPECT_THAT(told_by<core::Error>([&] { endpoint_at(grant, "https://x"); }),
              HasSubstr("only identity, compute"));
  grant.other_types.clear();
  EXPECT_THAT(told_by<core::Error>([&] { endpoint_at(grant, "https://x"); }),
              HasSubstr("the credentials are of no project"));
}

TEST(KeystoneAnswers, WhatIsNoGrantIsRefused) {
  for (const char* text :
       {"", "<html>Sign in to the network</html>", "[]", "7", "{}", R"({"token": {}})",
        R"({"token": {"issued_at": 7}})", R"({"versions": {"values": []}})"})
    EXPECT_THAT(told_by<core::Error>([&] { read_keystone_grant(reply(200, text)); }),
                HasSubstr("correct auth_url"))
        << text;
}

TEST(KeystoneAnswers, ACatalogueOfAnotherShapeIsNoDanger) {
  for (const char* catalogue : {"null", "7", "{}", "[7]", R"([{"type": "object-store"}])",
                                R"([{"type": "object-store", "endpoints": [7, {"url": 7}]}])"}) {
    const auto grant =
        read_keystone_grant(reply(201, R"({"token": {"issued_at": "2026-11-28T05:15:00.000000Z",
                       "expires_at": "2026-11-28T06:15:00.000000Z", "catalog": )" +
                                           std::string(catalogue) + "}}"));
    EXPECT_TRUE(grant.object_stores.empty()) << catalogue;
  }
}

TEST(KeystoneAnswers, ARequestHoldsWhatWasGivenAsItIs) {
  EXPECT_EQ(keystone_request(application()),
            R"({"auth":{"identity":{"application_credential":{"id":"id","secret":"se\"cret"},)"
            R"("methods":["application_credential"]}}})");
  const KeystoneIdentity password{
      "https://k/v3", PasswordLogin{"backup", "Default", secret("p"), "lab", "Science"}};
  EXPECT_EQ(keystone_request(password),
            R"({"auth":{"identity":{"methods":["password"],"password":{"user":{"domain":{"name":)"
            R"("Default"},"name":"backup","password":"p"}}},"scope":{"project":{"domain":{"name":)"
            R"("Science"},"name":"lab"}}}})");
}

TEST(KeystoneAnswers, WhatIsNotAcceptedSaysWhatToLookAt) {
  const auto refused = error("The request you have made requires authentication.");
  EXPECT_THAT(told_by<core::AccessDenied>(401, refused, application()),
              HasSubstr("does not accept the application credential"));
  const KeystoneIdentity password{"https://k/v3", PasswordLogin{"b", "d", secret("p"), "l", "d"}};
  EXPECT_THAT(told_by<core::AccessDenied>(401, refused, password),
              HasSubstr("does not accept the password"));
  const KeystoneIdentity token{"https://k/v3", ExistingToken{secret("t")}};
  EXPECT_THAT(told_by<core::AccessDenied>(401, refused, token),
              HasSubstr("does not accept the token"));
  EXPECT_THAT(told_by<core::AccessDenied>(404, error("Could not find token: t."), token),
              HasSubstr("does not accept the token"));
  EXPECT_THAT(told_by<core::AccessDenied>(403, error("No."), application()), HasSubstr("(No.)"));
}

TEST(KeystoneAnswers, TheRestIsAWrongAddressOrPasses) {
  EXPECT_THAT(told_by<core::Error>(404, "<html>nginx</html>", application()),
              HasSubstr("correct auth_url"));
  EXPECT_THAT(told_by<core::Error>(300, "{}", application()), HasSubstr("correct auth_url"));
  EXPECT_THAT(told_by<core::Error>(400, error("Expecting to find methods"), application()),
              HasSubstr("Expecting"));
  for (const int status : {429, 500, 502, 503, 504})
    told_by<core::TransientError>(status, "", application());
}

TEST(KeystoneAnswers, AnOriginIsComparedAsItIsMeant) {
  EXPECT_EQ(origin_of("HTTPS://Host:443/v1/A"), "https://host");
  EXPECT_EQ(origin_of("http://host:80"), "http://host");
  EXPECT_EQ(origin_of("http://host:443/"), "http://host:443");
  EXPECT_EQ(origin_of("nothing"), "nothing");
}

} // namespace
} // namespace intendance::storage
