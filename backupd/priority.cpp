// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/priority.hpp"

#include "core/error.hpp"
#include "core/log.hpp"

#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <exception>
#include <thread>

namespace intendance::backupd {

namespace {

// As in the kernel's linux/ioprio.h (and ioprio_set(2)), some versions of which a C++ compiler
// cannot read: a parameter is called "class".
constexpr int io_who_process = 1;
constexpr int io_class_shift = 13;
constexpr int io_best_effort = 2;
constexpr int io_idle = 3;
constexpr int io_last_level = 7; // the lowest of a class

void complain(std::string_view what) {
  core::log::warning(fmt::format("cannot lower the priority of {}, going on as it is", what),
                     {{"reason", std::strerror(errno)}});
}

// Linux knows both of each thread, whatever POSIX says of the process.
void lower_nice(int wanted) {
  if (wanted == 0) return; // whoever started us may have given us more
  if (::getpriority(PRIO_PROCESS, 0) >= wanted) return;
  if (::setpriority(PRIO_PROCESS, 0, wanted) != 0) complain("the processors' time");
}

// No wrapper of the C library's has them.
void lower_io(IoClass wanted) {
  if (wanted == IoClass::normal) return;
  const auto now = static_cast<int>(::syscall(SYS_ioprio_get, io_who_process, 0));
  if (now >= 0 && now >> io_class_shift == io_idle) return;
  const int io_class = wanted == IoClass::idle ? io_idle : io_best_effort;
  const int value = io_class << io_class_shift | io_last_level;
  if (::syscall(SYS_ioprio_set, io_who_process, 0, value) != 0) complain("the disks' time");
}

} // namespace

void with_priority(const Priority& priority, const std::function<void()>& work) {
  std::exception_ptr failure;
  std::jthread([&] {
    lower_nice(priority.nice);
    lower_io(priority.io);
    try {
      work();
    } catch (...) { // the boundary of a thread
      failure = std::current_exception();
    }
  }).join();
  if (failure) std::rethrow_exception(failure);
}

} // namespace intendance::backupd
