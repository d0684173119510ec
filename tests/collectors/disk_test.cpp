// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/disk.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

TEST(Diskstats, ReadsACapturedMachine) {
  const auto families = publish_diskstats(parse_diskstats(captured("diskstats")));
  const std::pair<const char*, double> wanted[] = {{"reads_completed_total", 73128},
                                                   {"reads_merged_total", 14119},
                                                   {"read_bytes_total", 7635146.0 * 512},
                                                   {"read_time_seconds_total", 83.445},
                                                   {"writes_completed_total", 31392},
                                                   {"writes_merged_total", 13703},
                                                   {"written_bytes_total", 4146296.0 * 512},
                                                   {"write_time_seconds_total", 10.663},
                                                   {"io_now", 0},
                                                   {"io_time_seconds_total", 12.980},
                                                   {"io_time_weighted_seconds_total", 95.005},
                                                   {"discards_completed_total", 6248},
                                                   {"discards_merged_total", 50},
                                                   {"discarded_sectors_total", 1174680},
                                                   {"discard_time_seconds_total", 0.777},
                                                   {"flush_requests_total", 2485},
                                                   {"flush_requests_time_seconds_total", 0.118}};
  for (const auto& [name, value] : wanted) {
    EXPECT_EQ(sample(families, std::string("node_disk_") + name, {{"device", "vda"}}), value)
        << name;
    EXPECT_EQ(sample_count(families, std::string("node_disk_") + name), 1u) << name;
  }
  EXPECT_EQ(find_family(families, "node_disk_io_now")->type, prometheus::MetricType::Gauge);
  EXPECT_EQ(find_family(families, "node_disk_flush_requests_total")->type,
            prometheus::MetricType::Counter);
}

TEST(Diskstats, TakesTheColumnsOfOldKernels) {
  const auto families = publish_diskstats(parse_diskstats("8 0 sda 1 2 3 4 5 6 7 8 9 10 11\n"));
  EXPECT_EQ(sample(families, "node_disk_io_now", {{"device", "sda"}}), 9);
  EXPECT_EQ(sample_count(families, "node_disk_discards_completed_total"), 0u);
}

TEST(Diskstats, LeavesOutWhatNodeExporterDoes) {
  for (const char* device : {"loop0", "ram15", "zram0", "fd0", "sda1", "hdb12", "vda1", "xvda2",
                             "nvme0n1p1", "nvme12n1p10"})
    EXPECT_TRUE(is_ignored_disk(device)) << device;
  for (const char* device : {"sda", "vda", "nvme0n1", "dm-0", "md127", "sr0", "mmcblk0",
                             "mmcblk0p1", "sdaa1", "nvme0p1", "nvmen1p1", "", "1"})
    EXPECT_FALSE(is_ignored_disk(device)) << device;
}

TEST(Diskstats, RefusesGarbage) {
  EXPECT_TRUE(parse_diskstats("").empty());
  for (const char* text : {"\n", "254 0 vda\n", "254 0 vda 1 2 3\n",
                           "8 0 sda 1 2 3 4 5 6 7 8 9 10 x\n", "8 0 sda 1 2 3 4 5 6 7 8 9 10 -1\n",
                           "8 0 sda 99999999999999999999 2 3 4 5 6 7 8 9 10 11\n"})
    EXPECT_THROW(parse_diskstats(text), core::CorruptData) << text;
}

} // namespace
} // namespace intendance::collectors
