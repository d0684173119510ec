// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/log.hpp"

#include <gtest/gtest.h>

namespace intendance::core::log {
namespace {

TEST(Log, QuotesWhatNeedsIt) {
  EXPECT_EQ(format_line("done", {{"job", "tei"}, {"why", "no \"space\" left"}, {"empty", ""}}),
            "done job=tei why=\"no \\\"space\\\" left\" empty=\"\"");
}

TEST(Log, StaysOneLine) {
  EXPECT_EQ(format_line("a\nb", {{"file", "x\ty\n"}}), "a\\x0ab file=x\\x09y\\x0a");
}

} // namespace
} // namespace intendance::core::log
