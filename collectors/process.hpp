// SPDX-License-Identifier: AGPL-3.0-or-later
// This process's own cost and version, under the names that every exporter has.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>

namespace intendance::collectors {

struct ProcessFigures {
  double cpu_seconds = 0;        // user and system
  double started_after_boot = 0; // seconds
  std::uint64_t virtual_bytes = 0;
  std::uint64_t resident_pages = 0;
};

// /proc/self/stat, proc(5). The command's name, in parentheses, may hold anything.
ProcessFigures parse_process_stat(std::string_view text, long ticks_per_second);

// process_* of this process.
std::shared_ptr<prometheus::Collectable> process_collector(const HostRoots& roots);
// intendance_build_info{version}
std::shared_ptr<prometheus::Collectable> build_info_collector();

} // namespace intendance::collectors
