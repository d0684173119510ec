// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/text_format.hpp"
#include "core/error.hpp"
#include "core/exposition.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace intendance::collectors {
namespace {

Families parse(std::string_view text) { return parse_text_format(text, Timestamps::refused); }

// Why the text is refused.
std::string refusal(std::string_view text) {
  try {
    parse(text);
  } catch (const core::CorruptData& error) {
    return error.what();
  }
  return "not refused";
}

TEST(TextFormat, WhatIsWrittenIsReadBack) {
  const std::string page = "# HELP answers_total Answers, \"quoted\", with \\\\ and \\n in it\n"
                           "# TYPE answers_total counter\n"
                           "answers_total{code=\"200\",path=\"/a\\\\b\\\"c\\n\"} 1027\n"
                           "answers_total{code=\"400\",path=\"é\"} 3\n"
                           "# TYPE degrees gauge\n"
                           "degrees -1.5\n"
                           "# TYPE rpc_seconds histogram\n"
                           "rpc_seconds_bucket{le=\"0.5\"} 1\n"
                           "rpc_seconds_bucket{le=\"+Inf\"} 3\n"
                           "rpc_seconds_sum 1.25\n"
                           "rpc_seconds_count 3\n"
                           "# TYPE sizes summary\n"
                           "sizes{quantile=\"0.5\"} 12\n"
                           "sizes_sum 40\n"
                           "sizes_count 2\n"
                           "# TYPE unknown untyped\n"
                           "unknown NaN\n";
  EXPECT_EQ(core::serialize(parse(page), core::ExpositionFormat::text), page);
}

TEST(TextFormat, TakesWhatScriptsWrite) {
  const auto families = parse("\n  \t\n#a comment\n# EOF\n# HELP up\n"
                              "up 1\n"
                              "  spaced { a = \"b\" , c=\"d\", } \t +2.5e3  \n"
                              "empty{} -Inf\n"
                              "tight{a=\"}\"}3\n"
                              "last NAN");
  EXPECT_EQ(sample(families, "up"), 1);
  EXPECT_EQ(sample(families, "spaced", {{"a", "b"}, {"c", "d"}}), 2500);
  EXPECT_EQ(sample(families, "empty"), -INFINITY);
  EXPECT_EQ(sample(families, "tight", {{"a", "}"}}), 3);
  EXPECT_TRUE(std::isnan(sample(families, "last").value_or(0)));
  EXPECT_EQ(families.front().type, prometheus::MetricType::Untyped);
}

TEST(TextFormat, HistogramsAreWholeWhateverTheirOrder) {
  const auto families =
      parse("# TYPE h histogram\n"
            "h_count{a=\"1\"} 4\nh_bucket{le=\"+Inf\",a=\"1\"} 4\n"
            "h_sum{a=\"1\"} 9\nh_bucket{a=\"1\",le=\"2\"} 3\nh_count{a=\"2\"} 0\n");
  ASSERT_EQ(families.size(), 1u);
  ASSERT_EQ(families[0].metric.size(), 2u);
  const auto& first = families[0].metric[0].histogram;
  EXPECT_EQ(first.sample_count, 4u);
  EXPECT_EQ(first.sample_sum, 9);
  ASSERT_EQ(first.bucket.size(), 2u);
  EXPECT_EQ(first.bucket[0].upper_bound, 2);
  EXPECT_EQ(first.bucket[1].cumulative_count, 4u);
  // Names that only look like parts of one are families of their own.
  EXPECT_EQ(parse("jobs_count 3\njobs 4\n").size(), 2u);
}

TEST(TextFormat, SaysWhichLineIsWrongAndWhy) {
  const std::vector<std::pair<const char*, const char*>> cases = {
      {"a 1\nb x\n", "line 2: \"x\" is not a number"},
      {"a", "line 1: \"\" is not a number"},
      {"a 1 2 3\n", "line 1: \"3\" is too much for one sample"},
      {"a 1 1700000000000\n", "has a timestamp"},
      {"a 1 soon\n", "timestamp: \"soon\" is not an integer"},
      {"a{b=\"c\"} 1\na{b=\"c\"} 2\n", "line 2: a is there twice"},
      {"a{b=\"c\",d=\"e\"} 1\na{d=\"e\",b=\"c\"} 1\n", "line 2: a is there twice"},
      {"a{b=\"c\",b=\"d\"} 1\n", "the label \"b\" is there twice"},
      {"a{__name__=\"c\"} 1\n", "__name__"},
      {"a{b=c} 1\n", "is not in quotes"},
      {"a{b\"c\"} 1\n", "no = after the label"},
      {"a{b=\"c} 1\n", "does not end"},
      {"a{b=\"c\" d=\"e\"} 1\n", "no , or }"},
      {"a{b=\"c\"", "no , or }"},
      {"a{b=\"\\t\"} 1\n", "is not an escape"},
      {"a{b=\"\\", "is not an escape"},
      {"a{9=\"c\"} 1\n", "no label's name"},
      {"a{b:c=\"c\"} 1\n", "no = after the label"},
      {"9a 1\n", "no metric's name"},
      {"{a=\"b\"} 1\n", "no metric's name"},
      {"a-b 1\n", "is not a number"},
      {"a +-1\n", "is not a number"},
      {"a 1e999\n", "is not a number"},
      {"a 1\r\n", "is not a number"},
      {"a{b=\"\xff\"} 1\n", "line 1: bytes that are not UTF-8"},
      {"# TYPE a counter\n# TYPE a gauge\n", "a second TYPE for a"},
      {"# HELP a x\n# HELP a x\n", "a second HELP for a"},
      {"a 1\n# TYPE a gauge\n", "comes after its samples"},
      {"a_count 1\n# TYPE a summary\n", "comes after its samples"},
      {"# TYPE a number\n", "\"number\" is not a type"},
      {"# TYPE a gauge gauge\n", "too much after a TYPE"},
      {"# TYPE a-b gauge\n", "is not part of a metric's name"},
      {"# HELP a \\x\n", "is not an escape"},
      {"# TYPE h histogram\nh 1\n", "only buckets, a sum and a count"},
      {"# TYPE h histogram\nh_bucket 1\n", "no label \"le\""},
      {"# TYPE h histogram\nh_bucket{le=\"x\"} 1\n", "is not a number"},
      {"# TYPE h histogram\nh_bucket{le=\"NaN\"} 1\n", "a bound that is not a number"},
      {"# TYPE h histogram\nh_bucket{le=\"1\"} 1\nh_bucket{le=\"1.0\"} 1\n", "there twice"},
      {"# TYPE h histogram\nh_count -1\n", "h_count is not a count"},
      {"# TYPE h histogram\nh_count 1e300\n", "h_count is not a count"},
      {"# TYPE s summary\ns_count NaN\n", "s_count is not a count"},
      {"# TYPE s summary\ns 1\n", "no label \"quantile\""},
  };
  for (const auto& [text, reason] : cases)
    EXPECT_THAT(refusal(text), testing::HasSubstr(reason)) << text;
}

TEST(TextFormat, KeepsTimestampsWhereTheyAreWelcome) {
  const auto families = parse_text_format("a 1 1700000000123\n", Timestamps::kept);
  EXPECT_EQ(families.at(0).metric.at(0).timestamp_ms, 1700000000123);
}

} // namespace
} // namespace intendance::collectors
