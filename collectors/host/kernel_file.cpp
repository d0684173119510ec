// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/kernel_file.hpp"

#include "core/error.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace intendance::collectors {

namespace {

constexpr std::size_t most_bytes = std::size_t{16} << 20;

// What the kernel answers for a feature that is compiled in and switched off (pressure at boot
// with psi=0), beside a missing file.
bool means_absent(int error_number) {
  return error_number == ENOENT || error_number == ENOTDIR || error_number == EOPNOTSUPP;
}

// What short_ones makes of half a page.
constexpr ssize_t surely_whole = 2048;

// Appends from `descriptor` until its end; false with errno set when reading fails.
bool append_all(int descriptor, std::string& text, KernelLines lines) {
  std::array<char, 16384> piece;
  while (text.size() < most_bytes) {
    const auto count =
        ::pread(descriptor, piece.data(), piece.size(), static_cast<off_t>(text.size()));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return count == 0;
    text.append(piece.data(), static_cast<std::size_t>(count));
    if (count < surely_whole && lines == KernelLines::short_ones) return true;
  }
  errno = EFBIG;
  return false;
}

} // namespace

std::optional<std::string> KernelFile::read() const {
  return descriptor_.with([&](core::FileDescriptor& descriptor) -> std::optional<std::string> {
    if (!descriptor) descriptor = core::FileDescriptor(::open(path_.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    if (descriptor && append_all(descriptor.get(), text, lines_)) return text;
    const int error_number = errno;
    descriptor.close(); // the next scrape starts afresh
    if (means_absent(error_number)) return std::nullopt;
    core::throw_errno("reading " + path_.string(), error_number);
  });
}

std::string KernelFile::read_required() const {
  auto text = read();
  if (!text) throw core::Error("reading " + path_.string() + ": this kernel has no such file");
  return *std::move(text);
}

std::optional<std::string> KernelAttribute::read() {
  std::string text;
  const auto ask = [&] {
    text.clear();
    return append_all(descriptor_.get(), text, KernelLines::short_ones) ? 0 : errno;
  };
  int error_number = descriptor_ ? ask() : ENODEV;
  // The device that it was opened of has gone, and may have come back under the same name.
  if (error_number == ENODEV) {
    const int opened = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
    error_number = errno;
    descriptor_ = core::FileDescriptor(opened);
    if (descriptor_) error_number = ask();
  }
  if (error_number == 0) {
    while (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  if (means_absent(error_number) || error_number == EINVAL || error_number == EIO ||
      error_number == ENODEV)
    return std::nullopt;
  core::throw_errno("reading " + path_.string(), error_number);
}

} // namespace intendance::collectors
