// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/object_store.hpp"

namespace intendance::test {

// Whether somebody runs a server to test on: INTENDANCE_TEST_STORE is "ADDRESS CREDENTIALS_FILE",
// the address of a place that is there.
bool has_server();

// A new, empty store: beneath that address when there is a server, else in memory.
std::unique_ptr<storage::ObjectStore> make_store();

} // namespace intendance::test
