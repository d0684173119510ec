// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/support/read_faults.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <climits>
#include <mutex>
#include <string_view>

namespace intendance::test_support {

namespace {

struct Watch {
  std::mutex mutex; // of all that follows
  std::string folder;
  ReadFaults::Hook hook;
};

Watch& watch() {
  static Watch one;
  return one;
}

std::atomic<bool> watching = false;
thread_local bool in_hook = false;

// Of a descriptor, as the kernel knows it; of a path through /proc, that of what it leads to.
std::string path_of(int descriptor, const char* name) {
  constexpr std::string_view by_number = "/proc/self/fd/";
  const std::string_view asked = name != nullptr ? name : "";
  const bool through = asked.starts_with(by_number);
  if (asked.starts_with('/') && !through) return std::string(asked);
  const auto link =
      through ? std::string(asked) : std::string(by_number) + std::to_string(descriptor);
  std::array<char, PATH_MAX> target;
  const auto length = ::readlink(link.c_str(), target.data(), target.size());
  std::string path(target.data(), static_cast<std::size_t>(length > 0 ? length : 0));
  return through || asked.empty() ? path : path + "/" + std::string(asked);
}

} // namespace

ReadFaults::ReadFaults(std::filesystem::path folder, Hook hook) {
  const std::scoped_lock lock(watch().mutex);
  watch().folder = std::move(folder);
  watch().hook = std::move(hook);
  watching = true;
}

ReadFaults::~ReadFaults() {
  const std::scoped_lock lock(watch().mutex);
  watching = false;
  watch().hook = nullptr;
}

int read_fault(const char* function, int descriptor, const char* name, off_t offset) {
  if (!watching || in_hook) return 0;
  const int before = errno;
  in_hook = true;
  int failure = 0;
  {
    const std::scoped_lock lock(watch().mutex);
    const auto path = path_of(descriptor, name);
    if (watch().hook && path.starts_with(watch().folder))
      failure = watch().hook({function, path, offset});
  }
  in_hook = false;
  errno = before;
  return failure;
}

} // namespace intendance::test_support

// --- what the linker puts in the place of the C library's
// -----------------------------------------

using intendance::test_support::read_fault;

// Names and parameters are the linker's and the C library's.
// NOLINTBEGIN
extern "C" {

#define WATCHED(type, name, parameters, arguments, descriptor, path, offset)                       \
  type __real_##name parameters;                                                                   \
  type __wrap_##name parameters {                                                                  \
    const int failure = read_fault(#name, descriptor, path, offset);                               \
    if (failure == 0) return __real_##name arguments;                                              \
    errno = failure;                                                                               \
    return -1;                                                                                     \
  }

WATCHED(ssize_t, read, (int file, void* into, size_t most), (file, into, most), file, nullptr, 0)
WATCHED(ssize_t, pread, (int file, void* into, size_t most, off_t offset),
        (file, into, most, offset), file, nullptr, offset)
WATCHED(off_t, lseek, (int file, off_t offset, int whence), (file, offset, whence), file, nullptr,
        offset)
WATCHED(ssize_t, getdents64, (int folder, void* into, size_t most), (folder, into, most), folder,
        nullptr, 0)
WATCHED(int, statx, (int folder, const char* name, int flags, unsigned mask, struct statx* status),
        (folder, name, flags, mask, status), folder, name, 0)
WATCHED(ssize_t, readlinkat, (int folder, const char* name, char* into, size_t most),
        (folder, name, into, most), folder, name, 0)
WATCHED(ssize_t, flistxattr, (int file, char* into, size_t most), (file, into, most), file, nullptr,
        0)
WATCHED(ssize_t, fgetxattr, (int file, const char* name, void* into, size_t most),
        (file, name, into, most), file, nullptr, 0)
WATCHED(ssize_t, listxattr, (const char* path, char* into, size_t most), (path, into, most), -1,
        path, 0)
WATCHED(ssize_t, getxattr, (const char* path, const char* name, void* into, size_t most),
        (path, name, into, most), -1, path, 0)

#undef WATCHED

} // extern "C"
// NOLINTEND
