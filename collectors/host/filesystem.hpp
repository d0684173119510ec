// SPDX-License-Identifier: AGPL-3.0-or-later
// Mounted file systems, /proc/PID/mountinfo of proc(5) and statvfs(3): node_exporter's collector
// `filesystem`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/kernel_file.hpp"

#include <cstdint>

namespace intendance::collectors {

struct Mount {
  std::string device;     // "/dev/vda"
  std::string mountpoint; // "/", its octal escapes undone; any bytes
  std::string fstype;     // "ext4"
  bool readonly = false;  // the mount or the file system itself
};

struct FilesystemSizes {
  double size_bytes = 0, free_bytes = 0;
  double available_bytes = 0; // to others than root
  double files = 0, files_free = 0;
};

struct FilesystemFigures {
  Mount mount;
  std::optional<FilesystemSizes> sizes; // absent when statvfs failed
};

std::vector<Mount> parse_mountinfo(std::string_view text);
// What node_exporter leaves out by default: the kernel's own file systems, images that are always
// full, and what lies under /dev, /proc, /sys and the containers' folders.
bool is_ignored_mount(const Mount& mount);
Families publish_filesystems(const std::vector<FilesystemFigures>& filesystems);

// Must have a thread of its own: statvfs of a network file system whose server is gone does not
// return. Reads the mounts of the first process, or where that is not allowed its own.
std::shared_ptr<prometheus::Collectable> filesystem_collector(const HostRoots& roots);

} // namespace intendance::collectors
