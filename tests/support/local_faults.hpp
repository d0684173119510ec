// SPDX-License-Identifier: AGPL-3.0-or-later
// Fails the n-th change that this process makes to a file or a folder, so that a test can stop
// a program at every one of them. The program itself knows nothing of it: a test that links
// intendance::local_faults has its linker put these functions in the place of write, fsync, link,
// rename and their like, wherever our own code calls them (not where a shared library does).
#pragma once

#include <cerrno>
#include <cstdint>
#include <string>

namespace intendance::test_support {

struct LocalFault {
  std::uint64_t call = 1;    // the 1st, 2nd… change from now on
  int error = EIO;           // what errno says
  bool takes_effect = false; // before it fails
  // Every change from then on fails too, as if the process had been killed there.
  bool kill = false;
  // The process ends at once and with `ended` as its status: for a child that a test forked.
  bool ends_process = false;
};

inline constexpr int ended = 77;
inline constexpr std::uint64_t no_call = ~std::uint64_t{0}; // a fault that never comes

// While it lives, the fault is armed; one at a time. Changes of all threads count, but for what is
// written to anything else than a regular file. Meanwhile fsync and its like only count: no test
// cuts the power, and waiting for the disk at each of thousands of points would take hours.
class LocalFaults {
public:
  explicit LocalFaults(const LocalFault& fault);
  LocalFaults(const LocalFaults&) = delete;
  LocalFaults& operator=(const LocalFaults&) = delete;
  ~LocalFaults();

  std::uint64_t calls() const; // changes since it was armed
  bool has_fired() const;
  std::string struck() const; // what failed: "pwrite"; empty before
};

} // namespace intendance::test_support
