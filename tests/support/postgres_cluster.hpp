// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "core/file.hpp"
#include "core/postgres.hpp"
#include "tests/support/child_process.hpp"

#include <memory>
#include <optional>
#include <string>

namespace intendance::test {

// A PostgreSQL 15 server of the test's own: a new cluster in a temporary folder, reached only by a
// Unix socket in it. When the test runs as root, the server runs as an unprivileged user, as it
// must. It ends with the test.
class PostgresCluster {
public:
  PostgresCluster(); // throws core::Error with the server's words when it cannot be made
  ~PostgresCluster();

  void start();
  void stop(); // as an administrator would: clients are disconnected, everything is written

  // "postgresql://USER@/NAME?host=FOLDER"; without a user, the superuser "postgres".
  std::string address(const std::string& database, const std::string& user = "postgres") const;

  // A new empty database's name.
  std::string create_database();

private:
  core::TemporaryDirectory folder_;
  std::optional<Account> account_;
  std::unique_ptr<ChildProcess> server_;
  int databases_ = 0;
};

} // namespace intendance::test
