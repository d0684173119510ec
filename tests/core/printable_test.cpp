// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/printable.hpp"

#include <gtest/gtest.h>

namespace intendance::core {
namespace {

TEST(Printable, ShowsControlCharactersAsNumbers) {
  EXPECT_EQ(printable("a\x1b[31m\n\t\x7f"), "a\\x1b[31m\\x0a\\x09\\x7f");
}

// U+009B begins a sequence as ESC [ does, on terminals that know it.
TEST(Printable, ShowsTheUpperControlCharactersToo) {
  EXPECT_EQ(printable("a\xc2\x9b\x31m\xc2\x80\xc2\x9f"), "a\\xc2\\x9b1m\\xc2\\x80\\xc2\\x9f");
}

TEST(Printable, LeavesAllElse) {
  const std::string text = "é\xc2\xa0ü 文 \xff\x9b \xc2";
  EXPECT_EQ(printable(text), text);
}

} // namespace
} // namespace intendance::core
