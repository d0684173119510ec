// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/ratio.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::billing {
namespace {

TEST(Ratio, RoundsToTheNearestMillionth) {
  EXPECT_EQ(Ratio::of(1, 3).in_millionths(), 333'333);
  EXPECT_EQ(Ratio::of(2, 3).in_millionths(), 666'667);
  EXPECT_EQ(Ratio::of(-2, 3).in_millionths(), -666'667);
  EXPECT_EQ((Ratio::percent(50) * Ratio::percent(50)).in_percent(), 25);
  EXPECT_EQ(Ratio::whole(1) / Ratio::whole(8), Ratio::millionths(125'000));
}

TEST(Ratio, RefusesWhatCannotBeCounted) {
  EXPECT_THROW(Ratio::of(1, 0), core::Error);
  EXPECT_THROW(Ratio::whole(1) / Ratio(), core::Error);
  EXPECT_THROW(Ratio::whole(1'000'000'000) * Ratio::whole(1'000'000'000), core::Error);
}

// The root is the largest that does not exceed: found by squaring it and the next one.
TEST(Ratio, TakesRoots) {
  EXPECT_EQ(square_root(Ratio()), Ratio());
  EXPECT_EQ(square_root(Ratio::percent(-5)), Ratio());
  for (std::int64_t count = 1; count < 4'000'000'000; count = count * 3 + 1) {
    const auto root = square_root(Ratio::millionths(count)).in_millionths();
    EXPECT_LE(root * root, count * Ratio::scale) << count;
    EXPECT_GT((root + 1) * (root + 1), count * Ratio::scale) << count;
  }
}

TEST(Ratio, KnowsTheNormalQuantiles) {
  EXPECT_EQ(normal_quantile(Ratio::percent(50)), Ratio());
  EXPECT_EQ(normal_quantile(Ratio::percent(90)), Ratio::millionths(1'281'552));
  EXPECT_EQ(normal_quantile(Ratio::percent(10)), Ratio::millionths(-1'281'552));
  EXPECT_EQ(normal_quantile(Ratio::whole(1)), Ratio::millionths(2'575'829));
  EXPECT_EQ(normal_quantile(Ratio()), Ratio::millionths(-2'575'829));
  auto before = normal_quantile(Ratio());
  for (std::int64_t count = 6'000; count < 995'000; count += 1'000) {
    const auto here = normal_quantile(Ratio::millionths(count));
    EXPECT_GT(here, before) << count;
    before = here;
  }
}

TEST(Fine, IsRoundedToCentsOnce) {
  EXPECT_EQ(to_cents(fine(Cents(123))), Cents(123));
  EXPECT_EQ(to_cents(Fine(1'500)), Cents(2));
  EXPECT_EQ(to_cents(Fine(-1'500)), Cents(-2));
  EXPECT_EQ(to_cents(Fine(1'499)), Cents(1));
  EXPECT_EQ(fine(Cents(100)) * Ratio::of(1, 3), Fine(33'333));
  EXPECT_THROW(fine(Cents(std::int64_t{1} << 62)), core::Error);
}

} // namespace
} // namespace intendance::billing
