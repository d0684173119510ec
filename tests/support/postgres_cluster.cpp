// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/support/postgres_cluster.hpp"

#include "core/error.hpp"

#include <pwd.h>
#include <unistd.h>

#include <csignal>

namespace intendance::test {
namespace {

const std::string programs = "/usr/lib/postgresql/15/bin/";

// PostgreSQL refuses to run as root.
std::optional<Account> unprivileged_account() {
  if (::geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = ::getpwnam(name)) return Account{entry->pw_uid, entry->pw_gid};
  }
  throw core::Error("there is neither a user postgres nor nobody to run the test's server as");
}

} // namespace

PostgresCluster::PostgresCluster() : account_(unprivileged_account()) {
  if (account_ && ::chown(folder_.path().c_str(), account_->user, account_->group) != 0) {
    core::throw_errno("giving " + folder_.path().string() + " to the server's user");
  }
  ChildProcess initdb({programs + "initdb", "--pgdata", folder_.path() / "data", "--username",
                       "postgres", "--auth", "trust", "--encoding", "UTF8", "--locale", "C.UTF-8",
                       "--no-sync", "--no-instructions"},
                      folder_.path() / "initdb.log", account_);
  if (initdb.wait() != 0) throw core::Error("initdb failed:\n" + initdb.output());
  start();
}

PostgresCluster::~PostgresCluster() {
  // Its own folder goes away with it: nothing needs to be written.
  if (server_) server_->send(SIGQUIT);
  if (server_) server_->wait();
}

void PostgresCluster::start() {
  server_ = std::make_unique<ChildProcess>(
      std::vector<std::string>{programs + "postgres", "-D", folder_.path() / "data", "-k",
                               folder_.path(), "-c", "listen_addresses=", "-c", "fsync=off", "-c",
                               "max_connections=40", "-c", "shared_buffers=16MB"},
      folder_.path() / "server.log", account_);
  std::string reason;
  const bool ready = eventually([&] {
    if (!server_->running()) throw core::Error("the server ended:\n" + server_->output());
    try {
      core::Postgres(address("postgres"));
      return true;
    } catch (const core::TransientError& error) {
      reason = error.what();
      return false;
    }
  });
  if (!ready) throw core::Error("the server does not answer: " + reason);
}

void PostgresCluster::stop() {
  server_->send(SIGINT); // "fast"
  server_->wait();
  server_.reset();
}

std::string PostgresCluster::address(const std::string& database, const std::string& user) const {
  return "postgresql://" + user + "@/" + database + "?host=" + folder_.path().string();
}

std::string PostgresCluster::create_database() {
  const auto name = "test_" + std::to_string(++databases_);
  core::Postgres(address("postgres")).query("CREATE DATABASE " + name);
  return name;
}

} // namespace intendance::test
