// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/support/store_faults.hpp"

#include "storage/counting_store.hpp"
#include "storage/open_store.hpp"

namespace intendance::test_support {

namespace {

storage::FaultyStore*& current() {
  static storage::FaultyStore* one = nullptr;
  return one;
}

} // namespace

// Names are the linker's.
std::unique_ptr<storage::ObjectStore>
real_open_store(const std::string& url, const storage::StoreAccess& access) __asm__(
    "__real__ZN10intendance7storage10open_storeERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIc"
    "EEERKNS0_11StoreAccessE");

std::unique_ptr<storage::ObjectStore>
wrapped_open_store(const std::string& url, const storage::StoreAccess& access) __asm__(
    "__wrap__ZN10intendance7storage10open_storeERKNSt7__cxx1112basic_stringIcSt11char_traitsIcESaIc"
    "EEERKNS0_11StoreAccessE");

std::unique_ptr<storage::ObjectStore> wrapped_open_store(const std::string& url,
                                                         const storage::StoreAccess& access) {
  if (current() == nullptr) return real_open_store(url, access);
  return std::make_unique<storage::CountingStore>(*current()); // as one that it owns
}

StoreFaults::StoreFaults(storage::ObjectStore& store) : faulty_(store) { current() = &faulty_; }
StoreFaults::~StoreFaults() { current() = nullptr; }

} // namespace intendance::test_support
