// SPDX-License-Identifier: AGPL-3.0-or-later
// Commands, as people type them, against a store that fails when it is told to. The commands know
// nothing of it: a test that links intendance::store_faults has its linker put a function of this
// file in the place of storage::open_store(), wherever an address is opened.
#pragma once

#include "storage/fault_injection.hpp"

namespace intendance::test_support {

// While it lives, every address is that of `store`, which must outlive it; one at a time. All that
// a command opens counts together.
class StoreFaults {
public:
  explicit StoreFaults(storage::ObjectStore& store);
  StoreFaults(const StoreFaults&) = delete;
  StoreFaults& operator=(const StoreFaults&) = delete;
  ~StoreFaults();

  storage::FaultyStore& store() { return faulty_; }

private:
  storage::FaultyStore faulty_;
};

} // namespace intendance::test_support
