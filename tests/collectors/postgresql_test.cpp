// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/postgresql.hpp"
#include "collectors/readers/postgresql_queries.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace intendance::collectors {
namespace {

TEST(SettingUnit, BecomesABaseUnit) {
  EXPECT_EQ(setting_unit("8kB")->factor, 8192);
  EXPECT_EQ(setting_unit("8kB")->suffix, "_bytes");
  EXPECT_EQ(setting_unit("ms")->factor, 0.001);
  EXPECT_EQ(setting_unit("")->suffix, "");
  EXPECT_FALSE(setting_unit("furlong"));
}

// One version of the server gets each metric from one query.
TEST(PostgresQueries, GiveEachMetricOnce) {
  for (const int version : {130000, 150018, 170000, 180000}) {
    std::set<std::string> names;
    for (const auto& query : postgres_queries()) {
      if (query.since > version || version >= query.before) continue;
      for (const auto& column : query.columns) {
        const auto name = std::string(query.prefix) + "_" + std::string(column.name);
        EXPECT_TRUE(names.insert(name).second) << name;
      }
    }
    EXPECT_GE(names.size(), 50u);
    EXPECT_TRUE(names.count("pg_stat_bgwriter_checkpoints_timed_total"));
  }
}

TEST(PostgresReader, RefusesAnAddressThatHoldsAPassword) {
  const auto refusal = [](const std::string& address) -> std::string {
    try {
      read_readers(core::ConfigDocument::parse(
          "[[reader]]\nservice = \"a\"\nkind = \"postgresql\"\ndatabase = \"" + address + "\"\n",
          "/etc/test.toml"));
    } catch (const core::ConfigError& error) {
      return error.what();
    }
    return "(no error)";
  };
  EXPECT_EQ(refusal("postgresql:///postgres"), "(no error)");
  EXPECT_THAT(refusal("postgresql://me:secret@/postgres"), testing::HasSubstr("passfile="));
  EXPECT_THAT(refusal("mysql://x"), testing::HasSubstr("is not understood"));
}

} // namespace
} // namespace intendance::collectors
