// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/stat, proc(5): node_exporter's collectors `cpu` and `stat`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <array>
#include <cstdint>

namespace intendance::collectors {

// In the order of the file's columns; the last two are also counted in the first two.
enum CpuMode {
  user,
  nice,
  system,
  idle,
  iowait,
  irq,
  softirq,
  steal,
  guest,
  guest_nice,
  cpu_modes
};

struct CpuTimes {
  std::string cpu;                         // "0"
  std::array<double, cpu_modes> seconds{}; // since boot; zero for what an old kernel lacks
};

struct KernelStat {
  std::vector<CpuTimes> cpus;
  std::optional<std::uint64_t> interrupts, context_switches, forks; // since boot
  std::optional<std::uint64_t> boot_time;                           // seconds since 1970
  std::optional<std::uint64_t> processes_running, processes_blocked;
};

KernelStat parse_stat(std::string_view text, long ticks_per_second);
Families publish_cpu(const KernelStat& stat);
Families publish_stat(const KernelStat& stat);

std::shared_ptr<prometheus::Collectable> cpu_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> stat_collector(const HostRoots& roots);

} // namespace intendance::collectors
