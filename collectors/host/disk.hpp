// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/diskstats (kernel: admin-guide/iostats): node_exporter's collector `diskstats`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <array>
#include <cstdint>

namespace intendance::collectors {

struct DiskFigures {
  std::string device; // "vda"
  // The columns after the name, as the kernel gives them: sectors of 512 bytes, milliseconds. Since
  // 4.18 there are 15, since 5.5 17.
  std::array<std::uint64_t, 17> columns{};
  std::size_t known = 0;
};

// Partitions, RAM disks and loop devices, which node_exporter leaves out.
bool is_ignored_disk(std::string_view device);

std::vector<DiskFigures> parse_diskstats(std::string_view text); // without the ignored ones
Families publish_diskstats(const std::vector<DiskFigures>& disks);

std::shared_ptr<prometheus::Collectable> diskstats_collector(const HostRoots& roots);

} // namespace intendance::collectors
