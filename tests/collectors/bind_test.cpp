// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/bind.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(BindStatistics, AreReadAsBindWritesThem) {
  const auto families = parse_bind_statistics(recorded_answer("bind-9.18.49_stats.json"));
  EXPECT_EQ(single_value(families, "bind_boot_time_seconds"), 1795439745);
  EXPECT_EQ(single_value(families, "bind_config_time_seconds"), 1795439746);
  EXPECT_EQ(sample(families, "bind_incoming_queries_total", {{"type", "SOA"}}), 2);
  EXPECT_EQ(sample(families, "bind_incoming_requests_total", {{"opcode", "QUERY"}}), 3);
  EXPECT_EQ(sample(families, "bind_response_rcodes_total", {{"rcode", "NOERROR"}}), 2);
  EXPECT_EQ(sample(families, "bind_responses_total", {{"result", "Success"}}), 2);
  EXPECT_EQ(single_value(families, "bind_zone_transfers_sent_total"), 1);
  EXPECT_EQ(sample(families, "bind_responses_total", {{"result", "NXDOMAIN"}}), 0);
  EXPECT_EQ(sample(families, "bind_zone_serial", {{"view", "_default"}, {"zone_name", "lab.test"}}),
            2026112301);
}

TEST(BindStatistics, RoundTripsBecomeAHistogram) {
  const auto families = parse_bind_statistics(
      R"({"json-stats-version":"1.7","views":{"v":{"resolver":{"stats":
         {"QryRTT10":1,"QryRTT100":2,"QryRTT500":0,"QryRTT1600+":4,"Lame":3}},
         "zones":[{"name":"a","serial":1},{"name":"a","serial":2},{"name":5},7]}}})");
  const auto* family = find_family(families, "bind_resolver_query_duration_seconds");
  ASSERT_NE(family, nullptr);
  const auto& histogram = family->metric.at(0).histogram;
  EXPECT_EQ(histogram.sample_count, 7u);
  EXPECT_EQ(histogram.bucket.at(0).cumulative_count, 1u);
  EXPECT_EQ(histogram.bucket.at(1).cumulative_count, 3u);
  EXPECT_EQ(histogram.bucket.at(4).cumulative_count, 3u);
  EXPECT_EQ(sample(families, "bind_resolver_response_lame_total", {{"view", "v"}}), 3);
  EXPECT_EQ(sample_count(families, "bind_zone_serial"), 1u);
}

TEST(BindStatistics, AnythingElseIsRefused) {
  for (const char* wrong : {"", "{}", "[]", "<statistics/>", "{\"json-stats-version\":"})
    EXPECT_THROW(parse_bind_statistics(wrong), core::CorruptData) << wrong;
  EXPECT_THROW(parse_bind_statistics(R"({"json-stats-version":"1.7","boot-time":"then"})"),
               core::Error);
}

} // namespace
} // namespace intendance::collectors
