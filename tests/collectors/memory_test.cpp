// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/memory.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(Meminfo, ReadsACapturedMachine) {
  const auto families = publish_meminfo(parse_meminfo(captured("meminfo")));
  EXPECT_EQ(sample(families, "node_memory_MemTotal_bytes"), 24684092.0 * 1024);
  EXPECT_EQ(sample(families, "node_memory_Active_anon_bytes"), 11964.0 * 1024);
  EXPECT_EQ(sample(families, "node_memory_HugePages_Total"), 0);
  EXPECT_EQ(sample(families, "node_memory_Hugepagesize_bytes"), 2048.0 * 1024);
  EXPECT_EQ(sample(families, "node_memory_VmallocTotal_bytes"), 34359738367.0 * 1024);
  EXPECT_EQ(families.size(), 54u); // the file's lines
}

TEST(Meminfo, RefusesGarbage) {
  for (const char* text :
       {"", "MemTotal 5 kB\n", "MemTotal:\n", "MemTotal: five kB\n", "MemTotal: -5 kB\n",
        "MemTotal: 18446744073709551615 kB\n", "MemTotal: 99999999999999999999 kB\n"})
    EXPECT_THROW(parse_meminfo(text), core::CorruptData) << text;
}

TEST(Meminfo, MakesANameOfAnything) {
  const auto fields = parse_meminfo("A-b(c.d): 1 kB\n");
  ASSERT_EQ(fields.size(), 1u);
  EXPECT_EQ(fields[0].name, "A_b_c_d_bytes");
}

TEST(Vmstat, ShowsNodeExportersSelection) {
  const auto families = publish_vmstat(parse_vmstat(captured("vmstat")));
  EXPECT_EQ(sample(families, "node_vmstat_pgpgin"), 3817573);
  EXPECT_EQ(sample(families, "node_vmstat_pgfault"), 13850799);
  EXPECT_EQ(sample(families, "node_vmstat_oom_kill"), 0);
  EXPECT_EQ(families.size(), 7u);
  EXPECT_EQ(find_family(families, "node_vmstat_pgfault")->type, prometheus::MetricType::Untyped);
}

TEST(Vmstat, RefusesGarbageInWhatItShowsAndPassesTheRest) {
  EXPECT_TRUE(parse_vmstat("").empty());
  EXPECT_TRUE(parse_vmstat("nr_free_pages many\n\n").empty());
  EXPECT_THROW(parse_vmstat("pgfault many\n"), core::CorruptData);
  EXPECT_THROW(parse_vmstat("pgfault"), core::CorruptData);
}

} // namespace
} // namespace intendance::collectors
