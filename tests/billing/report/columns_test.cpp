// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/columns.hpp"

#include <gtest/gtest.h>

namespace intendance::billing {
namespace {

TEST(Columns, CountLettersAndNotBytes) {
  EXPECT_EQ(columns("février"), 7U);
  EXPECT_EQ(pad_left("été", 5), "  été");
  EXPECT_EQ(pad_right("été", 5), "été  ");
  EXPECT_EQ(pad_left("too wide", 3), "too wide");
  EXPECT_EQ(shorten("développement", 5), "déve…");
  EXPECT_EQ(shorten("été", 3), "été");
  EXPECT_EQ(repeat("═", 3), "═══");
}

TEST(Wrap, BreaksAtSpacesButNotAtNoBreakOnes) {
  EXPECT_EQ(wrap("un deux trois", 8), (std::vector<std::string>{"un deux", "trois"}));
  EXPECT_EQ(wrap("un deux", 7), (std::vector<std::string>{"un deux"}));
  EXPECT_EQ(wrap("à 1\u00a0234\u00a0$", 8), (std::vector<std::string>{"à", "1\u00a0234\u00a0$"}));
  EXPECT_EQ(wrap("ééééééé", 3), (std::vector<std::string>{"ééé", "ééé", "é"}));
  EXPECT_EQ(wrap("", 3), (std::vector<std::string>{""}));
}

} // namespace
} // namespace intendance::billing
