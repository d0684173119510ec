// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/support/test_store.hpp"

#include "core/crypto.hpp"
#include "storage/open_store.hpp"

#include <cstdlib>
#include <sstream>

namespace intendance::test {

namespace {

constexpr const char* variable = "INTENDANCE_TEST_STORE";

}

bool has_server() { return std::getenv(variable) != nullptr; }

std::unique_ptr<storage::ObjectStore> make_store() {
  if (!has_server()) return storage::make_memory_store();
  std::istringstream words(std::getenv(variable));
  std::string address, credentials;
  words >> address >> credentials;
  return storage::open_store(address + "/" + core::to_hex(core::random_bytes(8)), {credentials});
}

} // namespace intendance::test
