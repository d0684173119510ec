// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/sources/postgresql.hpp"

#include "core/error.hpp"
#include "core/process.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

// postgresql://[user[:password]@][host][:port]/DATABASE[?parameters]
std::string database_of(const std::string& uri) {
  const auto refuse = [&](const std::string& why) {
    throw core::ConfigError(why + "\n  allowed: postgresql:///DATABASE or "
                                  "postgresql://USER@HOST/DATABASE, with a password in ~/.pgpass");
  };
  const auto scheme = uri.find("://");
  if (scheme == std::string::npos || !uri.starts_with("postgres"))
    refuse("\"" + uri + "\" is not an address of PostgreSQL");
  const auto slash = uri.find('/', scheme + 3);
  const auto query = std::min(uri.find('?'), uri.size());
  if (slash == std::string::npos || slash + 1 >= query) refuse("the address names no database");
  const auto authority = uri.substr(scheme + 3, slash - scheme - 3);
  const auto user = authority.substr(0, std::min(authority.find('@'), authority.size()));
  const bool has_password =
      authority.find('@') != std::string::npos && user.find(':') != std::string::npos;
  if (has_password || uri.find("password=") != std::string::npos)
    refuse("the address holds a password");
  auto name = uri.substr(slash + 1, query - slash - 1);
  if (name.find_first_of("/%") != std::string::npos || name == "." || name == "..") {
    refuse("\"" + name + "\" is not a database's plain name");
  }
  return name;
}

} // namespace

Stream postgresql_stream(const std::string& uri, std::stop_token stop) {
  Stream stream;
  stream.path = "/databases/postgresql/" + database_of(uri) + ".dump";
  stream.produce = [uri, stop](const std::function<void(ByteView)>& sink) {
    core::run_program({"pg_dump", "--format=custom", "--compress=0", "--lock-wait-timeout=30s",
                       "--no-password", "--dbname=" + uri},
                      sink, stop);
  };
  return stream;
}

} // namespace intendance::backupd
