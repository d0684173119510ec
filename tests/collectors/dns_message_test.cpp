// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/dns_client.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

using namespace std::string_literals;

// An answer of BIND 9.18 to "example.org. MX", with one record more of each kind.
const std::string answer =
    "\x12\x34\x85\x80\0\1\0\3\0\1\0\1"s
    "\7example\3org\0\0\x0F\0\1"s                             // the question, at 12
    "\xC0\x0C\0\x0F\0\1\0\0\1\x2C\0\x09\0\x0A\4Mail\xC0\x0C"s // MX 10 Mail.example.org
    "\xC0\x0C\0\x10\0\1\0\0\1\x2C\0\x08\3abc\3def"s           // TXT "abc" "def"
    "\xC0\x0C\0\x63\0\1\0\0\1\x2C\0\2xx"s                     // SPF, none of ours
    "\xC0\x0C\0\2\0\1\0\0\1\x2C\0\6\3ns1\xC0\x0C"s            // NS
    "\4mail\xC0\x0C\0\1\0\1\0\0\1\x2C\0\4\xC0\0\2\7"s;        // A 192.0.2.7

TEST(DnsMessage, IsTakenApart) {
  const auto message = parse_dns_message(answer);
  EXPECT_EQ(message.id, 0x1234);
  EXPECT_TRUE(message.is_answer);
  EXPECT_TRUE(message.authoritative);
  EXPECT_FALSE(message.truncated);
  EXPECT_EQ(message.code, 0);
  EXPECT_EQ(message.name, "example.org");
  EXPECT_EQ(message.type, 15);
  EXPECT_EQ(message.values(DnsType::mx), std::vector<std::string>{"10 mail.example.org"});
  EXPECT_EQ(message.values(DnsType::txt), std::vector<std::string>{"abcdef"});
  ASSERT_EQ(message.answers.size(), 3u);
  EXPECT_EQ(message.answers[2].value, "");
  EXPECT_EQ(message.authorities.at(0).value, "ns1.example.org");
  EXPECT_EQ(message.additional.at(0).name, "mail.example.org");
  EXPECT_EQ(message.additional.at(0).value, "192.0.2.7");
}

TEST(DnsMessage, CutAnywhereIsDamageAndNoMore) {
  for (std::size_t length = 0; length < answer.size(); ++length)
    EXPECT_THROW(parse_dns_message(answer.substr(0, length)), core::CorruptData) << length;
  EXPECT_THROW(parse_dns_message(answer + "x"), core::CorruptData);
  // A name that points at itself.
  EXPECT_THROW(parse_dns_message("\0\1\x80\0\0\1\0\0\0\0\0\0\xC0\x0C\0\1\0\1"s), core::CorruptData);
}

TEST(DnsMessage, EveryByteMayBeAnother) {
  for (std::size_t at = 0; at < answer.size(); ++at)
    for (const int byte : {0x00, 0x3F, 0xC0, 0xFF}) {
      auto damaged = answer;
      damaged[at] = static_cast<char>(byte);
      try {
        parse_dns_message(damaged);
      } catch (const core::CorruptData&) {
      }
    }
}

TEST(DnsQuestion, IsWrittenAndReadBack) {
  const auto bytes = make_dns_question(7, "WWW.Example.org.", DnsType::aaaa, Recursion::wanted);
  const auto message = parse_dns_message(bytes);
  EXPECT_EQ(message.id, 7);
  EXPECT_FALSE(message.is_answer);
  EXPECT_EQ(message.name, "www.example.org");
  EXPECT_EQ(message.type, 28);
  EXPECT_EQ(bytes[2], 1); // recursion
  EXPECT_EQ(make_dns_question(7, "a", DnsType::a, Recursion::unwanted)[2], 0);
  EXPECT_EQ(parse_dns_message(make_dns_question(1, "", DnsType::ns, Recursion::wanted)).name, "");
  for (const auto& name : {"a..b"s, "."s + "a", std::string(64, 'x'), std::string(254, 'x')})
    EXPECT_THROW(make_dns_question(1, name, DnsType::a, Recursion::wanted), core::Error) << name;
}

TEST(Resolvers, AreThoseOfResolvConf) {
  const auto read = [](std::string_view text) {
    std::string all;
    for (const auto& server : parse_resolvers(text)) all += server.text() + " ";
    return all;
  };
  EXPECT_EQ(read("# made by hand\nnameserver 10.0.0.53\nnameserver\t2001:db8::53 \nsearch x\n"),
            "10.0.0.53 2001:db8::53 ");
  EXPECT_EQ(read("nameserver fe80::1%eth0\n"), "fe80::1 ");
  EXPECT_EQ(read("nameserver 1.1.1.1\nnameserver 2.2.2.2\nnameserver 3.3.3.3\nnameserver 4.4.4.4"),
            "1.1.1.1 2.2.2.2 3.3.3.3 ");
  for (const char* none : {"", "nameserver", "nameservers 1.1.1.1", ";nameserver 1.1.1.1"})
    EXPECT_EQ(read(none), "127.0.0.1 ") << none;
  EXPECT_EQ(machine_name_servers("/nowhere/resolv.conf").resolvers.size(), 1u);
}

} // namespace
} // namespace intendance::collectors
