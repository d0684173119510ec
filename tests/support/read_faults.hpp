// SPDX-License-Identifier: AGPL-3.0-or-later
// Calls back before each call by which this process looks at or reads something beneath a folder,
// so that a test can fail it, or change what is being read at just that moment. With the same
// library, intendance::local_faults, and by the same means as local_faults.hpp.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

namespace intendance::test_support {

struct ReadCall {
  std::string function; // "pread", "openat", "statx", "getdents64"…
  std::string path;     // of what is open, with the name in it that is asked for
  off_t offset = 0;     // of a pread
};

// While it lives, `hook` is called in whichever thread makes the call, one at a time; it returns
// what errno shall say, or 0 to let the call pass. What it does itself is not watched. One at a
// time.
class ReadFaults {
public:
  using Hook = std::function<int(const ReadCall&)>;
  ReadFaults(std::filesystem::path folder, Hook hook);
  ReadFaults(const ReadFaults&) = delete;
  ReadFaults& operator=(const ReadFaults&) = delete;
  ~ReadFaults();
};

// For the functions that take the C library's place: what errno shall say, or 0. `name` may be
// null, or an absolute path.
int read_fault(const char* function, int descriptor, const char* name, off_t offset = 0);

} // namespace intendance::test_support
