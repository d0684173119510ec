// SPDX-License-Identifier: AGPL-3.0-or-later
// Where the host collectors read from, and how: the seam between them and the kernel.
#pragma once

#include "core/file.hpp"
#include "core/synchronized.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace intendance::collectors {

// Elsewhere in tests: a tree of files captured from a real machine.
struct HostRoots {
  std::filesystem::path proc = "/proc";
  std::filesystem::path sys = "/sys";
};

// One file of /proc, opened once and read again from its start at each scrape, which costs two
// system calls. Any thread may read; readers take turns, since the kernel makes one text a read.
class KernelFile {
public:
  explicit KernelFile(std::filesystem::path path) : path_(std::move(path)) {}

  // The whole text. Absent when this kernel has no such file, or has switched off what is in it.
  // Throws Error or AccessDenied that names the path.
  std::optional<std::string> read() const;
  // For what every kernel has: throws Error when it is absent.
  std::string read_required() const;

private:
  std::filesystem::path path_;
  mutable core::Synchronized<core::FileDescriptor> descriptor_;
};

// One value of /sys, without its newline. Absent when it is not there or the device has none to
// give (a link that is down has no speed).
std::optional<std::string> read_attribute(const std::filesystem::path& path);

} // namespace intendance::collectors
