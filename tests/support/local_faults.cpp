// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/support/local_faults.hpp"

#include "tests/support/read_faults.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdarg>
#include <mutex>

namespace intendance::test_support {

namespace {

struct Plan {
  std::mutex mutex;
  bool armed = false;
  LocalFault fault;
  std::uint64_t calls = 0;
  std::string struck; // empty before it fires
};

Plan& plan() {
  static Plan one;
  return one;
}

enum class Fate { passes, fails, fails_afterwards };

Fate next_fate(const char* name) {
  auto& now = plan();
  const std::scoped_lock lock(now.mutex);
  if (!now.armed) return Fate::passes;
  ++now.calls;
  if (!now.struck.empty() && now.fault.kill) return Fate::fails;
  if (now.calls != now.fault.call) return Fate::passes;
  now.struck = name;
  return now.fault.takes_effect ? Fate::fails_afterwards : Fate::fails;
}

template <class Call>
auto change(const char* name, Call&& call) -> decltype(call()) {
  const auto fate = next_fate(name);
  if (fate == Fate::passes) return call();
  const bool failed = fate == Fate::fails_afterwards && call() < 0;
  if (plan().fault.ends_process) ::_exit(ended);
  if (failed) return -1;
  errno = plan().fault.error;
  return -1;
}

bool is_armed() {
  const std::scoped_lock lock(plan().mutex);
  return plan().armed;
}

bool is_regular(int descriptor) {
  struct stat status {};
  return ::fstat(descriptor, &status) == 0 && S_ISREG(status.st_mode);
}

} // namespace

LocalFaults::LocalFaults(const LocalFault& fault) {
  auto& now = plan();
  const std::scoped_lock lock(now.mutex);
  now.armed = true;
  now.fault = fault;
  now.calls = 0;
  now.struck.clear();
}

LocalFaults::~LocalFaults() {
  const std::scoped_lock lock(plan().mutex);
  plan().armed = false;
}

std::uint64_t LocalFaults::calls() const {
  const std::scoped_lock lock(plan().mutex);
  return plan().calls;
}

bool LocalFaults::has_fired() const {
  const std::scoped_lock lock(plan().mutex);
  return !plan().struck.empty();
}

std::string LocalFaults::struck() const {
  const std::scoped_lock lock(plan().mutex);
  return plan().struck;
}

} // namespace intendance::test_support

// --- what the linker puts in the place of the C library's
// -----------------------------------------

using intendance::test_support::change;
using intendance::test_support::is_armed;
using intendance::test_support::is_regular;
using intendance::test_support::read_fault;

// Names and parameters are the linker's and the C library's.
// NOLINTBEGIN
extern "C" {

#define FAULTY(name, parameters, arguments)                                                        \
  int __real_##name parameters;                                                                    \
  int __wrap_##name parameters {                                                                   \
    return change(#name, [&] { return __real_##name arguments; });                                 \
  }

FAULTY(ftruncate, (int file, off_t size), (file, size))
FAULTY(mkostemp, (char* pattern, int flags), (pattern, flags))
FAULTY(mkdir, (const char* path, mode_t mode), (path, mode))
FAULTY(mkdirat, (int folder, const char* path, mode_t mode), (folder, path, mode))
FAULTY(link, (const char* from, const char* to), (from, to))
FAULTY(linkat, (int from, const char* path, int to, const char* name, int flags),
       (from, path, to, name, flags))
FAULTY(rename, (const char* from, const char* to), (from, to))
FAULTY(renameat, (int from, const char* path, int to, const char* name), (from, path, to, name))
FAULTY(renameat2, (int from, const char* path, int to, const char* name, unsigned flags),
       (from, path, to, name, flags))
FAULTY(unlink, (const char* path), (path))
FAULTY(unlinkat, (int folder, const char* path, int flags), (folder, path, flags))
FAULTY(symlinkat, (const char* to, int folder, const char* path), (to, folder, path))
FAULTY(mknodat, (int folder, const char* path, mode_t mode, dev_t device),
       (folder, path, mode, device))
FAULTY(fchmod, (int file, mode_t mode), (file, mode))
FAULTY(chmod, (const char* path, mode_t mode), (path, mode))
FAULTY(fchownat, (int folder, const char* path, uid_t user, gid_t group, int flags),
       (folder, path, user, group, flags))
FAULTY(fsetxattr, (int file, const char* name, const void* value, size_t size, int flags),
       (file, name, value, size, flags))
FAULTY(setxattr, (const char* path, const char* name, const void* value, size_t size, int flags),
       (path, name, value, size, flags))
FAULTY(futimens, (int file, const struct timespec times[2]), (file, times))
FAULTY(utimensat, (int folder, const char* path, const struct timespec times[2], int flags),
       (folder, path, times, flags))

#undef FAULTY

#define SYNCS(name)                                                                                \
  int __real_##name(int file);                                                                     \
  int __wrap_##name(int file) {                                                                    \
    return change(#name, [&] { return is_armed() ? 0 : __real_##name(file); });                    \
  }

SYNCS(fsync)
SYNCS(fdatasync)
SYNCS(syncfs)

#undef SYNCS

char* __real_mkdtemp(char* pattern);
char* __wrap_mkdtemp(char* pattern) {
  const auto made = change("mkdtemp", [&] { return __real_mkdtemp(pattern) != nullptr ? 0 : -1; });
  return made == 0 ? pattern : nullptr;
}

ssize_t __real_write(int file, const void* bytes, size_t size);
ssize_t __wrap_write(int file, const void* bytes, size_t size) {
  if (!is_regular(file)) return __real_write(file, bytes, size);
  return change("write", [&] { return __real_write(file, bytes, size); });
}

ssize_t __real_pwrite(int file, const void* bytes, size_t size, off_t offset);
ssize_t __wrap_pwrite(int file, const void* bytes, size_t size, off_t offset) {
  return change("pwrite", [&] { return __real_pwrite(file, bytes, size, offset); });
}

int __real_open(const char* path, int flags, ...);
int __wrap_open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  const mode_t mode = makes ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (!makes) {
    const int failure = read_fault("open", -1, path);
    if (failure == 0) return __real_open(path, flags);
    errno = failure;
    return -1;
  }
  return change("open", [&] { return __real_open(path, flags, mode); });
}

int __real_openat(int folder, const char* path, int flags, ...);
int __wrap_openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const bool makes = (flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE;
  const mode_t mode = makes ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  if (!makes) {
    const int failure = read_fault("openat", folder, path);
    if (failure == 0) return __real_openat(folder, path, flags);
    errno = failure;
    return -1;
  }
  return change("openat", [&] { return __real_openat(folder, path, flags, mode); });
}

} // extern "C"
// NOLINTEND
