// SPDX-License-Identifier: AGPL-3.0-or-later
// What each systemd unit costs, from the control groups that systemd puts units into
// (kernel: admin-guide/cgroup-v2 and cgroup-v1): no process is looked at.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"
#include "collectors/host/load.hpp"

#include <cstdint>

namespace intendance::collectors {

struct UnitCpu {
  double user_seconds = 0, system_seconds = 0;
};

struct UnitIo {
  std::string device; // "254:0", the kernel's major and minor numbers
  std::uint64_t read_bytes = 0, written_bytes = 0, reads = 0, writes = 0;
};

// Absent where the kernel, its version of control groups or systemd's accounting has nothing.
struct UnitFigures {
  std::string unit; // "nginx.service", "user-1000.slice"
  std::optional<UnitCpu> cpu;
  std::optional<std::uint64_t> memory_bytes; // page cache included
  std::optional<std::uint64_t> oom_kills;
  std::optional<std::uint64_t> tasks;
  std::vector<UnitIo> io;
  MachinePressure pressure;
};

// Version 2: "usage_usec 62315672000\nuser_usec …", "254:0 rbytes=1 wbytes=2 rios=3 wios=4 …".
UnitCpu parse_cpu_stat(std::string_view text);
std::vector<UnitIo> parse_io_stat(std::string_view text);
// Version 1: "254:0 Read 1\n254:0 Write 2\n…\nTotal 3", in bytes and in operations.
std::vector<UnitIo> parse_blkio(std::string_view bytes, std::string_view operations);
// The number after a word that begins a line: memory.events, memory.oom_control.
std::optional<std::uint64_t> parse_keyed(std::string_view text, std::string_view key);

Families publish_units(const std::vector<UnitFigures>& units);

// A path below the root of the control groups, by the unit that it is. Slices are walked through,
// but a user's slice is one unit, since its sessions come and go. What a unit made of its own group
// is its own.
struct UnitFolder {
  std::string unit;
  std::filesystem::path path;
};
std::vector<UnitFolder> find_units(const std::filesystem::path& root);

// Nothing where systemd made no groups.
std::shared_ptr<prometheus::Collectable> control_groups_collector(const HostRoots& roots);

} // namespace intendance::collectors
