// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/relay.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

using testing::HasSubstr;

template <class Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const core::Error& error) {
    return error.what();
  }
  return "(no error)";
}

TEST(FamilyChoice, TakesNamesAndBeginnings) {
  const FamilyChoice choice({"rpc_seconds", "hedgedoc_*"});
  EXPECT_TRUE(choice.has("rpc_seconds"));
  EXPECT_FALSE(choice.has("rpc_seconds_sum"));
  EXPECT_TRUE(choice.may_have("rpc_seconds_sum"));
  EXPECT_TRUE(choice.may_have("rpc_seconds_bucket"));
  EXPECT_FALSE(choice.may_have("rpc_seconds_max"));
  EXPECT_TRUE(choice.has("hedgedoc_notes"));
  EXPECT_FALSE(choice.has("hedgedoc"));
  EXPECT_TRUE(FamilyChoice({"*"}).has("anything"));
  for (const char* wrong : {"", "1a", "a-b", "a*b", "**", "a b"})
    EXPECT_THAT(message_of([&] { FamilyChoice({wrong}); }), HasSubstr("is not a metric's name"))
        << wrong;
}

TEST(Relay, KeepsChosenFamiliesWithAllTheirLabels) {
  const auto families = relay(recorded_answer("haproxy-2.6.12_metrics.txt"),
                              FamilyChoice({"haproxy_server_status", "haproxy_process_*"}));
  EXPECT_EQ(sample(families, "haproxy_server_status",
                   {{"proxy", "be"}, {"server", "dead"}, {"state", "DOWN"}}),
            1);
  EXPECT_GT(sample_count(families, "haproxy_process_start_time_seconds"), 0u);
  EXPECT_EQ(find_family(families, "haproxy_frontend_status"), nullptr);
}

TEST(Relay, HistogramsAndSummariesComeWhole) {
  const auto notes = relay(recorded_answer("hedgedoc-1.12.0_metrics.txt"),
                           FamilyChoice({"http_request_duration_seconds", "hedgedoc_notes"}));
  const auto* duration = find_family(notes, "http_request_duration_seconds");
  ASSERT_NE(duration, nullptr);
  EXPECT_EQ(duration->type, prometheus::MetricType::Histogram);
  EXPECT_FALSE(duration->metric.at(0).histogram.bucket.empty());
  EXPECT_GT(duration->metric.at(0).histogram.sample_count, 0u);
  EXPECT_TRUE(single_value(notes, "hedgedoc_notes"));
}

// CouchDB writes "# HELP name text# TYPE name type" on one line.
TEST(Relay, ReadsCouchDbsTypesInSpiteOfIt) {
  const auto families =
      relay(recorded_answer("couchdb-3.4.3_prometheus.txt"),
            FamilyChoice({"couchdb_httpd_status_codes", "couchdb_request_time_seconds",
                          "couchdb_open_os_files", "couchdb_erlang_memory_bytes"}));
  ASSERT_EQ(families.size(), 4u);
  const auto* codes = find_family(families, "couchdb_httpd_status_codes");
  EXPECT_EQ(codes->type, prometheus::MetricType::Counter);
  EXPECT_TRUE(sample(families, "couchdb_httpd_status_codes", {{"code", "200"}}));
  const auto* time = find_family(families, "couchdb_request_time_seconds");
  EXPECT_EQ(time->type, prometheus::MetricType::Summary);
  EXPECT_EQ(time->metric.at(0).summary.quantile.size(), 6u);
  EXPECT_EQ(time->metric.at(0).summary.sample_count, 2u);
  EXPECT_EQ(find_family(families, "couchdb_open_os_files")->type, prometheus::MetricType::Gauge);
  for (const auto& family : families) EXPECT_NE(family.help, "") << family.name;
}

TEST(Relay, ALineIsMendedOnlyWhenItIsThatFault) {
  const auto help_of = [](const std::string& line) {
    return relay(line + "\na 1\n", FamilyChoice({"a"})).at(0).help;
  };
  EXPECT_EQ(help_of("# HELP a see # TYPE b counter"), "see # TYPE b counter");
  EXPECT_EQ(help_of("# HELP a an a"), "an a");
}

TEST(Relay, WhatIsNotChosenCannotBeWrong) {
  const auto families = relay("wrong wrong wrong\n# TYPE a counter\na{x=\"1\"} 5\n# TYPE b what\n",
                              FamilyChoice({"a"}));
  EXPECT_EQ(sample(families, "a", {{"x", "1"}}), 5);
}

TEST(Relay, NamesTheLineOfThePage) {
  EXPECT_THAT(message_of([] { relay("b 1\n\nb 2\na 1\na one\n", FamilyChoice({"a"})); }),
              HasSubstr("line 5: "));
  EXPECT_THAT(message_of([] { relay("<html>\n<h1>502</h1>\n", FamilyChoice({"a"})); }),
              HasSubstr("has none of the families"));
}

TEST(Relay, HasABound) {
  const auto page_with = [](int samples) {
    std::string page = "# TYPE a gauge\n";
    for (int i = 0; i < samples; ++i) page += "a{i=\"" + std::to_string(i) + "\"} 1\n";
    return page;
  };
  EXPECT_EQ(relay(page_with(5000), FamilyChoice({"a"})).at(0).metric.size(), 5000u);
  EXPECT_THAT(message_of([&] { relay(page_with(5001), FamilyChoice({"a"})); }),
              HasSubstr("more than 5000 samples"));
}

} // namespace
} // namespace intendance::collectors
