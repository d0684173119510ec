// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/puppet.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(PuppetSummary, IsReadAsPuppetWritesIt) {
  const auto families = parse_puppet_summary(recorded_answer("puppet-7.23_last_run_summary.yaml"));
  EXPECT_EQ(single_value(families, "puppet_last_run_at_seconds"), 1795439743);
  EXPECT_EQ(single_value(families, "puppet_last_run_duration_seconds"), 0.036695226);
  EXPECT_EQ(single_value(families, "puppet_last_run_success"), 0);
  EXPECT_EQ(single_value(families, "puppet_last_run_catalog_resources"), 10);
  EXPECT_EQ(single_value(families, "puppet_last_run_changes"), 2);
  EXPECT_EQ(sample(families, "puppet_last_run_resources", {{"state", "failed"}}), 1);
  EXPECT_EQ(sample(families, "puppet_last_run_resources", {{"state", "out_of_sync"}}), 3);
  EXPECT_EQ(sample(families, "puppet_last_run_events", {{"result", "success"}}), 2);
  EXPECT_EQ(sample(families, "puppet_last_run_version_info",
                   {{"config", "1795439742"}, {"puppet", "7.23.0"}}),
            1);
}

TEST(PuppetSummary, ARunThatHadNoCatalogueDidNotSucceed) {
  const auto success = [](const std::string& rest) {
    return single_value(parse_puppet_summary("---\ntime:\n  last_run: 5\n" + rest),
                        "puppet_last_run_success");
  };
  EXPECT_EQ(success(""), 0);
  EXPECT_EQ(success("resources:\n  failed: 0\n"), 1);
  EXPECT_EQ(success("resources:\n  failed: 0\nevents:\n  failure: 1\n"), 0);
}

TEST(PuppetSummary, QuotesAndEmptyValuesAreValues) {
  const auto families =
      parse_puppet_summary("version:\n  config: \"a: b\"\n  puppet: ''\ntime:\n  last_run: 5\n");
  EXPECT_EQ(sample(families, "puppet_last_run_version_info", {{"config", "a: b"}, {"puppet", ""}}),
            1);
}

TEST(PuppetSummary, AnyOtherYamlIsRefusedByItsLine) {
  const auto refusal = [](const std::string& yaml) -> std::string {
    try {
      parse_puppet_summary(yaml);
    } catch (const core::CorruptData& error) {
      return error.what();
    }
    return "(no error)";
  };
  using testing::HasSubstr;
  EXPECT_THAT(refusal(""), HasSubstr("no time: last_run"));
  EXPECT_THAT(refusal("time: 5\n"), HasSubstr("line 1: time has a value"));
  EXPECT_THAT(refusal("time:\n   last_run: 5\n"),
              HasSubstr("line 2: \"last_run\" is not indented"));
  EXPECT_THAT(refusal("  last_run: 5\n"), HasSubstr("is not indented"));
  EXPECT_THAT(refusal("time:\n  last_run: *a\n"), HasSubstr("is not a plain value"));
  EXPECT_THAT(refusal("time:\n  last_run: [5]\n"), HasSubstr("is not a plain value"));
  EXPECT_THAT(refusal("time:\n  last_run:5\n"), HasSubstr("no space"));
  EXPECT_THAT(refusal("time:\n  last_run: soon\n"), HasSubstr("last_run: \"soon\""));
  EXPECT_THAT(refusal("time:\n  a: 1\n  a: 2\n"), HasSubstr("time: a is there twice"));
  EXPECT_THAT(refusal("time:\ntime:\n"), HasSubstr("there twice"));
  EXPECT_THAT(refusal("time:\n  last\xff: 5\n"), HasSubstr("not UTF-8"));
  EXPECT_THAT(refusal("- a\n"), HasSubstr("is not KEY: VALUE"));
}

} // namespace
} // namespace intendance::collectors
