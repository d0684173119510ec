// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/address.hpp"
#include "collectors/probes/domain_check.hpp"
#include "collectors/probes/icmp_check.hpp"
#include "collectors/probes/server_check.hpp"
#include "core/clock.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

std::string time_of(std::string_view text) {
  const auto time = parse_rfc3339(text);
  return time ? core::format_utc(*time) : "none";
}

TEST(Rfc3339, ReadsWhatRegistriesWrite) {
  EXPECT_EQ(time_of("2027-03-01T04:00:00Z"), "2027-03-01T04:00:00Z");
  EXPECT_EQ(time_of("2027-03-01T04:00:00.0Z"), "2027-03-01T04:00:00Z");
  EXPECT_EQ(time_of("2027-03-01t04:00:00.123456z"), "2027-03-01T04:00:00Z");
  EXPECT_EQ(time_of("2027-03-01T04:00:00+00:00"), "2027-03-01T04:00:00Z");
  EXPECT_EQ(time_of("2027-03-01T00:30:00-04:30"), "2027-03-01T05:00:00Z");
  EXPECT_EQ(time_of("2027-03-01T00:30:00+02:00"), "2027-02-28T22:30:00Z");
}

TEST(Rfc3339, RefusesTheRest) {
  for (const char* text : {"", "2027", "2027-03-01", "2027-03-01T04:00:00", "2027-02-29T04:00:00Z",
                           "2027-13-01T04:00:00Z", "2027-03-01T24:00:00Z", "2027-03-01T04:60:00Z",
                           "2027-03-01 04:00:00Z", "2027-03-01T04:00:00.Z", "2027-03-01T04:00:00.5",
                           "2027-03-01T04:00:00+0000", "2027-03-01T04:00:00+24:00",
                           "+027-03-01T04:00:00Z", "-027-03-01T04:00:00Z", "2027-03-01T04:00:00ZZ"})
    EXPECT_EQ(time_of(text), "none") << text;
}

TEST(RdapDomain, IsReadWhateverElseStandsThere) {
  const auto facts = parse_rdap_domain(R"({"objectClassName":"domain","ldhName":"Ouvroir.Example.",
    "events":[7,{"eventAction":"expiration"},{"eventAction":"expiration","eventDate":5},
              {"eventAction":"registration","eventDate":"2009-05-05T15:00:00Z"},
              {"eventAction":"expiration","eventDate":"2027-05-05T15:00:00Z"}]})");
  EXPECT_TRUE(facts.is_domain);
  EXPECT_EQ(facts.name, "ouvroir.example");
  EXPECT_EQ(core::format_utc(facts.expires.value()), "2027-05-05T15:00:00Z");
  for (const char* odd :
       {"7", "[]", "null", "{}", R"({"events":{}})", R"({"objectClassName":1})"}) {
    EXPECT_TRUE(parse_rdap_domain(odd).is_json) << odd;
    EXPECT_FALSE(parse_rdap_domain(odd).is_domain) << odd;
  }
  EXPECT_FALSE(parse_rdap_domain("<html>").is_json);
  EXPECT_FALSE(parse_rdap_domain("").is_json);
}

TEST(HostAndPort, OfAnAddress) {
  const auto text_of = [](const char* url) {
    const auto place = host_and_port(url);
    return place ? place->host + " " + std::to_string(place->port) : std::string("none");
  };
  EXPECT_EQ(text_of("https://www.example.org/path?q=1"), "www.example.org 443");
  EXPECT_EQ(text_of("http://www.example.org"), "www.example.org 80");
  EXPECT_EQ(text_of("http://www.example.org:8080?x"), "www.example.org 8080");
  EXPECT_EQ(text_of("https://[2001:db8::7]:8443/"), "2001:db8::7 8443");
  EXPECT_EQ(text_of("https://[2001:db8::7]"), "2001:db8::7 443");
  for (const char* bad : {"", "www.example.org", "http://", "http:///x", "http://x:",
                          "http://x:99999", "http://x:8o", "http://[::1", "http://[::1]x"})
    EXPECT_EQ(text_of(bad), "none") << bad;
}

TEST(Offers, WordsAndNotPartsOfThem) {
  const std::vector<std::string> lines = {"250-here.example.org", "250-AUTH PLAIN LOGIN",
                                          "250 X-SMTP-THING",
                                          "* CAPABILITY IMAP4rev1 AUTH=CRAM-MD5 idle"};
  for (const char* word : {"AUTH", "LOGIN", "X-SMTP-THING", "IDLE", "AUTH=CRAM-MD5", "IMAP4rev1"})
    EXPECT_TRUE(offers(lines, word)) << word;
  for (const char* word : {"AUT", "LOG", "IMAP", "STARTTLS"})
    EXPECT_FALSE(offers(lines, word)) << word;
}

TEST(EchoReply, IsTheOneOfThatNumber) {
  const std::string reply("\0\0\xAB\xCD\0\1\0\7data", 12);
  EXPECT_TRUE(is_echo_reply(reply, false, 7));
  EXPECT_FALSE(is_echo_reply(reply, false, 8));
  EXPECT_FALSE(is_echo_reply(reply, true, 7));
  EXPECT_FALSE(is_echo_reply(reply.substr(0, 7), false, 7));
  EXPECT_TRUE(is_echo_reply(std::string("\x81\0\0\0\0\0\1\0", 8), true, 256));
}

TEST(Ping, OfTheLoopbackIsAnsweredOrNotPermitted) {
  Service service;
  service.host = "127.0.0.1";
  Check check;
  check.timeout = std::chrono::seconds(2);
  const auto outcome = ping(service, check, {}, {});
  EXPECT_EQ(outcome.failure, std::nullopt);
  EXPECT_EQ(outcome.remote_address, "127.0.0.1");
  EXPECT_EQ(outcome.not_asked == NotAsked::asked, outcome.timings.has_value());
}

} // namespace
} // namespace intendance::collectors
