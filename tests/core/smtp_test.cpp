// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/smtp_client.hpp"

#include <gtest/gtest.h>

namespace intendance::core {
namespace {

std::string refusal(const std::string& url) {
  try {
    parse_smtp_server(url);
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "accepted";
}

TEST(SmtpServer, IsReadWithItsUsualPorts) {
  const auto away = parse_smtp_server("smtp://courriel.example.org");
  EXPECT_EQ(away.address(), "courriel.example.org:587");
  EXPECT_EQ(away.tls, SmtpServer::Tls::starttls);
  const auto secure = parse_smtp_server("smtps://courriel.example.org");
  EXPECT_EQ(secure.address(), "courriel.example.org:465");
  EXPECT_EQ(secure.tls, SmtpServer::Tls::from_the_start);
  const auto here = parse_smtp_server("smtp://[::1]:2525");
  EXPECT_EQ(here.address(), "[::1]:2525");
  EXPECT_EQ(here.tls, SmtpServer::Tls::none);
  EXPECT_EQ(parse_smtp_server("smtp://127.0.0.1").port, 25);
}

TEST(SmtpServer, IsRefusedWithTheWayToWriteIt) {
  for (const auto* url : {"courriel.example.org", "http://courriel.example.org", "smtp://",
                          "smtp://host:0", "smtp://host:70000", "smtp://host:25x", "smtp://host/",
                          "smtp://me:secret@host", "smtp://[::1", "smtps://:465"}) {
    EXPECT_NE(refusal(url).find("smtp://HOST[:PORT]"), std::string::npos) << url << refusal(url);
  }
}

TEST(MailAddress, IsOneAddressAndNothingElse) {
  EXPECT_NO_THROW(check_mail_address("finances@example.org"));
  EXPECT_NO_THROW(check_mail_address("a.b+c@mail.example.org"));
  for (const auto* address : {"", "finances", "@example.org", "a@", "a@b@c", "a b@example.org",
                              "a@example.org\r\nBcc: x@example.org", "a@example.org,b@example.org",
                              "Nom <a@example.org>", "é@example.org"}) {
    EXPECT_THROW(check_mail_address(address), Error) << address;
  }
}

TEST(MailHeader, IsLeftAsItIsWhenItIsAscii) {
  EXPECT_EQ(encode_header_text("Report of October 2026"), "Report of October 2026");
}

TEST(MailHeader, IsEncodedInShortLinesThatCutNoCharacter) {
  EXPECT_EQ(encode_header_text("Août"), "=?utf-8?B?QW/Du3Q=?=");
  std::string long_text;
  for (int each = 0; each < 100; ++each) long_text += "é";
  const auto encoded = encode_header_text(long_text);
  std::size_t begin = 0;
  while (begin < encoded.size()) {
    auto end = encoded.find("\r\n", begin);
    if (end == std::string::npos) end = encoded.size();
    EXPECT_LE(end - begin, 76u);
    begin = end + 2;
  }
  // 44 bytes of 22 whole characters a word, never 45.
  EXPECT_EQ(encoded.find("?B?" + std::string("w6nDqcOp")), 7u);
  EXPECT_EQ(encoded.find("\xC3"), std::string::npos);
  // A line that breaks is not one that begins another header.
  EXPECT_EQ(encode_header_text("a\r\nBcc: b").find("Bcc"), std::string::npos);
}

} // namespace
} // namespace intendance::core
