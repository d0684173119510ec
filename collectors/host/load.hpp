// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/loadavg, proc(5), and /proc/pressure (kernel: accounting/psi): node_exporter's collectors
// `loadavg` and `pressure`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <array>
#include <cstdint>

namespace intendance::collectors {

using LoadAverages = std::array<double, 3>; // over 1, 5 and 15 minutes

LoadAverages parse_loadavg(std::string_view text);
Families publish_loadavg(const LoadAverages& averages);

// Microseconds since boot during which some, or all, of the work waited for the resource.
struct Pressure {
  std::optional<std::uint64_t> some, full;
};

Pressure parse_pressure(std::string_view text);

// Absent where this kernel says nothing of it.
struct MachinePressure {
  std::optional<Pressure> cpu, io, memory, irq;
};
Families publish_pressure(const MachinePressure& pressure);

std::shared_ptr<prometheus::Collectable> loadavg_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> pressure_collector(const HostRoots& roots);

} // namespace intendance::collectors
