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

// How long the lines of a file can get: the kernel ends a read early when the next one does not fit
// into the page that it gathers them in. Where none comes near half a page, a read that gives less
// than that has reached the end, and nobody needs to ask.
enum class KernelLines { short_ones, of_any_length };

// One file of /proc, opened once and read again from its start at each scrape, which mostly costs
// one system call. Any thread may read; readers take turns, since the kernel makes one text a read.
class KernelFile {
public:
  explicit KernelFile(std::filesystem::path path, KernelLines lines = KernelLines::short_ones)
      : path_(std::move(path)), lines_(lines) {}

  // The whole text. Absent when this kernel has no such file, or has switched off what is in it.
  // Throws Error or AccessDenied that names the path.
  std::optional<std::string> read() const;
  // For what every kernel has: throws Error when it is absent.
  std::string read_required() const;

private:
  std::filesystem::path path_;
  KernelLines lines_;
  mutable core::Synchronized<core::FileDescriptor> descriptor_;
};

// One value of /sys, kept open between scrapes too. One thread at a time.
class KernelAttribute {
public:
  explicit KernelAttribute(std::filesystem::path path) : path_(std::move(path)) {}

  // Without its newline. Absent when it is not there or the device has none to give (a link that is
  // down has no speed). Throws Error or AccessDenied that names the path.
  std::optional<std::string> read();

private:
  std::filesystem::path path_;
  core::FileDescriptor descriptor_;
};

} // namespace intendance::collectors
