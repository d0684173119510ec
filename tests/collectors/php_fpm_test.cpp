// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/fastcgi.hpp"
#include "collectors/readers/php_fpm.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

std::string record(int type, const std::string& content, int padding = 0) {
  std::string bytes = {1, static_cast<char>(type), 0, 1};
  bytes += static_cast<char>(content.size() >> 8);
  bytes += static_cast<char>(content.size());
  bytes += static_cast<char>(padding);
  bytes += '\0';
  return bytes + content + std::string(static_cast<std::size_t>(padding), 'p');
}

const std::string end_of_request = record(3, std::string(8, '\0'));

// The specification's own layout, section 3.3 and 3.4.
TEST(FastCgi, AsksAsTheSpecificationSays) {
  const auto long_value = std::string(200, 'v');
  const auto request = fastcgi_request({{"A", "bc"}, {"L", long_value}});
  std::string pairs = {1, 2, 'A', 'b', 'c', 1, '\x80', 0, 0, '\xc8', 'L'};
  pairs += long_value;
  EXPECT_EQ(request, record(1, std::string{0, 1, 0, 0, 0, 0, 0, 0}) + record(4, pairs) +
                         record(4, "") + record(5, ""));
  EXPECT_THROW(fastcgi_request({{"L", std::string(70000, 'v')}}), core::Error);
}

TEST(FastCgi, TakesAnAnswerInPiecesOfAnySize) {
  const auto bytes = record(6, "Status: 200\r\n", 3) + record(7, "a complaint") +
                     record(6, "\r\nbody") + end_of_request + "more";
  for (std::size_t size = 1; size <= bytes.size(); ++size) {
    FastCgiAnswer answer;
    bool whole = false;
    for (std::size_t place = 0; place < bytes.size(); place += size)
      whole = answer.take(bytes.substr(place, size));
    EXPECT_TRUE(whole);
    EXPECT_EQ(answer.output(), "Status: 200\r\n\r\nbody");
    EXPECT_EQ(answer.complaint(), "a complaint");
  }
}

TEST(FastCgi, WhatIsNoneIsRefused) {
  EXPECT_THROW(FastCgiAnswer().take("HTTP/1.1 400 Bad Request\r\n"), core::CorruptData);
  EXPECT_THROW(FastCgiAnswer().take(record(3, "")), core::CorruptData);
  std::string overloaded(8, '\0');
  overloaded[4] = 2;
  EXPECT_THROW(FastCgiAnswer().take(record(3, overloaded)), core::Error);
  FastCgiAnswer endless;
  const auto piece = record(6, std::string(60000, 'x'));
  EXPECT_THROW(
      {
        for (int i = 0; i < 20; ++i) endless.take(piece);
      },
      core::Error);
}

TEST(CgiAnswer, HasAStatusHeadersAndABody) {
  const auto plain = cgi_answer("Content-Type: text/plain\n\nbody\n\nmore");
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.body, "body\n\nmore");
  EXPECT_EQ(cgi_answer("Status: 404 Not Found\r\n\r\n").status, 404);
  for (const char* wrong : {"", "body", "\n\nbody", "A: b\n", "A: b\nbody\n\n", "Status: x\n\n"})
    EXPECT_THROW(cgi_answer(wrong), core::CorruptData) << wrong;
}

TEST(PhpFpmStatus, IsReadAsPhpWritesIt) {
  const auto families =
      parse_php_fpm_status(cgi_answer(recorded_answer("php-fpm-8.2_status_json.txt")).body);
  const std::map<std::string, std::string> pool = {{"pool", "www"}};
  EXPECT_EQ(sample(families, "phpfpm_start_since", pool), 1027);
  EXPECT_EQ(sample(families, "phpfpm_accepted_connections", pool), 3);
  EXPECT_EQ(sample(families, "phpfpm_idle_processes", pool), 1);
  EXPECT_EQ(sample(families, "phpfpm_active_processes", pool), 1);
  EXPECT_EQ(sample(families, "phpfpm_total_processes", pool), 2);
  EXPECT_EQ(sample(families, "phpfpm_max_children_reached", pool), 0);
  EXPECT_EQ(families.size(), 11u);
}

TEST(PhpFpmStatus, AnythingElseIsRefused) {
  for (const char* wrong :
       {"", "[]", "{}", "pool: www", R"({"pool":5})", R"({"pool":"www","listen queue":"long"})"})
    EXPECT_THROW(parse_php_fpm_status(wrong), core::CorruptData) << wrong;
}

} // namespace
} // namespace intendance::collectors
