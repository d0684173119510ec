// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/meminfo and /proc/vmstat, proc(5): node_exporter's collectors `meminfo` and `vmstat`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>

namespace intendance::collectors {

struct MemoryField {
  std::string name;    // "Active_anon_bytes" of "Active(anon): … kB", "HugePages_Free"
  std::uint64_t value; // bytes, or what the kernel counts
};

std::vector<MemoryField> parse_meminfo(std::string_view text);
Families publish_meminfo(const std::vector<MemoryField>& fields);

// Of vmstat's some 150 fields, those that node_exporter shows: paging, swapping, faults, OOM kills.
std::vector<MemoryField> parse_vmstat(std::string_view text);
Families publish_vmstat(const std::vector<MemoryField>& fields);

std::shared_ptr<prometheus::Collectable> meminfo_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> vmstat_collector(const HostRoots& roots);

} // namespace intendance::collectors
