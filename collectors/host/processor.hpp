// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/schedstat (kernel: scheduler/sched-stats) and /proc/interrupts, proc(5): node_exporter's
// collectors `schedstat` and `interrupts`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>

namespace intendance::collectors {

struct ScheduleFigures {
  std::string cpu;                              // "0"
  std::uint64_t running_ns = 0, waiting_ns = 0; // spent by tasks on it, and in its queue
  std::uint64_t timeslices = 0;                 // given
};

std::vector<ScheduleFigures> parse_schedstat(std::string_view text);
Families publish_schedstat(const std::vector<ScheduleFigures>& processors);

struct Interrupt {
  std::string name;    // "24", "LOC"
  std::string info;    // "PCI-MSIX-0000:00:01.0", "Local timer interrupts"
  std::string devices; // "0-edge virtio0-config"; numbered ones only
  std::vector<std::pair<std::string, std::uint64_t>> counts; // by processor
};

// Lines that count for the whole machine instead of each processor (ERR, MIS) are passed over.
std::vector<Interrupt> parse_interrupts(std::string_view text);
Families publish_interrupts(const std::vector<Interrupt>& interrupts);

// Nothing where the kernel was built without scheduler statistics.
std::shared_ptr<prometheus::Collectable> schedstat_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> interrupts_collector(const HostRoots& roots);

} // namespace intendance::collectors
