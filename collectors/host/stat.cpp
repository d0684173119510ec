// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/stat.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <unistd.h>

#include <algorithm>

namespace intendance::collectors {

namespace {

constexpr std::array<const char*, cpu_modes> mode_names = {
    "user", "nice", "system", "idle", "iowait", "irq", "softirq", "steal", "user", "nice"};

CpuTimes parse_cpu(std::string_view name, std::string_view columns, long ticks_per_second) {
  CpuTimes times;
  times.cpu = name.substr(3);
  for (std::size_t mode = 0; mode < cpu_modes; ++mode) {
    const auto word = next_word(columns);
    if (word.empty() && mode > idle)
      break; // Linux 2.4 ended here, and each later column came with some later version
    times.seconds[mode] =
        static_cast<double>(parse_count(word, name)) / static_cast<double>(ticks_per_second);
  }
  return times;
}

bool is_one_cpu(std::string_view name) {
  return name.size() > 3 && name.substr(0, 3) == "cpu" &&
         std::all_of(name.begin() + 3, name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

} // namespace

KernelStat parse_stat(std::string_view text, long ticks_per_second) {
  KernelStat stat;
  while (auto line = next_line(text)) {
    const auto name = next_word(*line);
    std::optional<std::uint64_t>* known = name == "intr"            ? &stat.interrupts
                                          : name == "ctxt"          ? &stat.context_switches
                                          : name == "btime"         ? &stat.boot_time
                                          : name == "processes"     ? &stat.forks
                                          : name == "procs_running" ? &stat.processes_running
                                          : name == "procs_blocked" ? &stat.processes_blocked
                                                                    : nullptr;
    if (known != nullptr)
      *known = parse_count(next_word(*line), name);
    else if (is_one_cpu(name))
      stat.cpus.push_back(parse_cpu(name, *line, ticks_per_second));
  }
  if (stat.cpus.empty()) throw core::CorruptData("/proc/stat names no processor");
  return stat;
}

Families publish_cpu(const KernelStat& stat) {
  auto seconds =
      counter_family("node_cpu_seconds_total", "Seconds that each CPU spent in each mode.");
  auto guests = counter_family("node_cpu_guest_seconds_total",
                               "Seconds that each CPU spent running guests, by their mode.");
  for (const auto& times : stat.cpus)
    for (std::size_t mode = 0; mode < cpu_modes; ++mode)
      add_sample(mode < guest ? seconds : guests, times.seconds[mode],
                 {{"cpu", times.cpu}, {"mode", mode_names[mode]}});
  return {std::move(seconds), std::move(guests)};
}

Families publish_stat(const KernelStat& stat) {
  Families families;
  const auto add = [&](prometheus::MetricFamily family, std::optional<std::uint64_t> value) {
    if (!value) return;
    add_sample(family, static_cast<double>(*value));
    families.push_back(std::move(family));
  };
  add(counter_family("node_intr_total", "Interrupts serviced since boot."), stat.interrupts);
  add(counter_family("node_context_switches_total", "Context switches since boot."),
      stat.context_switches);
  add(counter_family("node_forks_total", "Processes and threads started since boot."), stat.forks);
  add(gauge_family("node_boot_time_seconds", "When the machine booted, in seconds since 1970."),
      stat.boot_time);
  add(gauge_family("node_procs_running", "Processes that run or could run."),
      stat.processes_running);
  add(gauge_family("node_procs_blocked", "Processes that wait for input or output."),
      stat.processes_blocked);
  return families;
}

std::shared_ptr<prometheus::Collectable> cpu_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "stat");
  return make_collectable(
      [file] { return publish_cpu(parse_stat(file->read_required(), ::sysconf(_SC_CLK_TCK))); });
}

std::shared_ptr<prometheus::Collectable> stat_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "stat");
  return make_collectable(
      [file] { return publish_stat(parse_stat(file->read_required(), ::sysconf(_SC_CLK_TCK))); });
}

} // namespace intendance::collectors
