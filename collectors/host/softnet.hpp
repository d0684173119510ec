// SPDX-License-Identifier: AGPL-3.0-or-later
// /proc/net/softnet_stat: node_exporter's collector `softnet`, what each processor did with packets
// that came in.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <array>
#include <cstdint>

namespace intendance::collectors {

// One line of the file. Columns came over the years; those that this kernel lacks are absent.
struct SoftnetFigures {
  std::string cpu;
  std::uint64_t processed = 0, dropped = 0, times_squeezed = 0;
  std::optional<std::uint64_t> cpu_collision, received_rps, flow_limit_count, backlog_length;
};

// Hexadecimal columns, a line for each processor that is online.
std::vector<SoftnetFigures> parse_softnet(std::string_view text);
Families publish_softnet(const std::vector<SoftnetFigures>& processors);

std::shared_ptr<prometheus::Collectable> softnet_collector(const HostRoots& roots);

} // namespace intendance::collectors
