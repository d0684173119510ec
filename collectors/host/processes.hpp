// SPDX-License-Identifier: AGPL-3.0-or-later
// How many processes there are and what they do, from /proc/PID/stat, proc(5): node_exporter's
// collector `processes`, but for the states of single threads, for which it opens a file a thread.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>
#include <map>

namespace intendance::collectors {

struct ProcessState {
  std::string state; // a letter: "S"
  std::uint64_t threads = 0;
};

// The command's name, in parentheses, may hold anything.
ProcessState parse_process_state(std::string_view text);

struct ProcessCounts {
  std::uint64_t processes = 0, threads = 0;
  std::map<std::string, std::uint64_t> by_state;
  std::optional<std::uint64_t> most_processes, most_threads; // that the kernel allows
};

Families publish_processes(const ProcessCounts& counts);

std::shared_ptr<prometheus::Collectable> processes_collector(const HostRoots& roots);

} // namespace intendance::collectors
