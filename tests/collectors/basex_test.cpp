// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/basex.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

using namespace std::string_literals;

TEST(BaseXLogin, AnswersTheGreeting) {
  // md5(md5("admin:BaseX:admin") + "123456"), by md5sum
  EXPECT_EQ(basex_login("BaseX:123456", "admin", "admin"),
            "admin\0"s + "40993a2d645003abf7adce6215065dd7" + "\0"s);
  EXPECT_EQ(basex_login("123456", "admin", "admin"),
            "admin\0"s + "e56419914765c6d22dc5018114d73a28" + "\0"s);
}

TEST(BaseXAnswer, IsWholeOrNotYet) {
  const auto bytes = "a\xff\0b\xff\xff\0Info\0\0"s;
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_basex_answer(bytes.substr(0, size))) << size;
  const auto answer = decode_basex_answer(bytes);
  ASSERT_TRUE(answer);
  EXPECT_EQ(answer->result, "a\0b\xff"s);
  EXPECT_EQ(answer->information, "Info");
  EXPECT_FALSE(answer->failed);
  EXPECT_TRUE(decode_basex_answer("\0no\0\1"s)->failed);
  EXPECT_THROW(decode_basex_answer("\0\0\0x"s), core::CorruptData);
}

TEST(BaseXDatabases, AreLines) {
  const auto families = parse_basex_databases("tei\t12\t345678\nlettres d'Est\t0\t4\r\n\n");
  EXPECT_EQ(sample(families, "intendance_basex_database_resources", {{"database", "tei"}}), 12);
  EXPECT_EQ(sample(families, "intendance_basex_database_size_bytes", {{"database", "tei"}}),
            345678);
  EXPECT_EQ(
      sample(families, "intendance_basex_database_size_bytes", {{"database", "lettres d'Est"}}), 4);
  EXPECT_EQ(single_value(families, "intendance_basex_databases"), 2);
  EXPECT_EQ(single_value(parse_basex_databases(""), "intendance_basex_databases"), 0);
  for (const char* wrong : {"tei", "tei\t1", "\t1\t2", "tei\tone\t2", "tei\t1\t2\t3", "tei\t1\t"})
    EXPECT_THROW(parse_basex_databases(wrong), core::CorruptData) << wrong;
}

} // namespace
} // namespace intendance::collectors
