// SPDX-License-Identifier: AGPL-3.0-or-later
// What the kernel hands out and can run out of, each a number in a file of /proc/sys:
// node_exporter's collectors `filefd`, `entropy` and `conntrack`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>

namespace intendance::collectors {

struct FileHandles {
  std::uint64_t allocated, maximum;
};

FileHandles parse_file_nr(std::string_view text); // "704 0 9223372036854775807"
Families publish_file_handles(const FileHandles& handles);

std::shared_ptr<prometheus::Collectable> filefd_collector(const HostRoots& roots);
std::shared_ptr<prometheus::Collectable> entropy_collector(const HostRoots& roots);
// Nothing where connections are not tracked.
std::shared_ptr<prometheus::Collectable> conntrack_collector(const HostRoots& roots);

} // namespace intendance::collectors
