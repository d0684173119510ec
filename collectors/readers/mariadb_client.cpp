// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/mariadb_client.hpp"

#include "core/error.hpp"
#include "core/file.hpp"
#include "core/handle.hpp"
#include "core/lazy_library.hpp"
#include "core/secret.hpp"

#include <errmsg.h>
#include <mysql.h>
#include <mysqld_error.h>

#include <mutex>

namespace intendance::collectors {

namespace {

core::LazyLibrary libmariadb{"libmariadb.so.3", "libmariadb3"};
#define INTENDANCE_MARIADB(function)                                                               \
  const core::LazyFunction<decltype(::function)> function { libmariadb, #function }
INTENDANCE_MARIADB(mysql_close);
INTENDANCE_MARIADB(mysql_errno);
INTENDANCE_MARIADB(mysql_error);
INTENDANCE_MARIADB(mysql_fetch_fields);
INTENDANCE_MARIADB(mysql_fetch_lengths);
INTENDANCE_MARIADB(mysql_fetch_row);
INTENDANCE_MARIADB(mysql_free_result);
INTENDANCE_MARIADB(mysql_init);
INTENDANCE_MARIADB(mysql_num_fields);
INTENDANCE_MARIADB(mysql_options);
INTENDANCE_MARIADB(mysql_real_connect);
INTENDANCE_MARIADB(mysql_real_query);
INTENDANCE_MARIADB(mysql_server_init);
INTENDANCE_MARIADB(mysql_store_result);
#undef INTENDANCE_MARIADB

void free_result(MYSQL_RES* result) { mysql_free_result(result); }

// The library's own start is not safe on several threads.
void start_library() {
  static std::once_flag once;
  std::call_once(once, [] { mysql_server_init(0, nullptr, nullptr); });
}

bool is_denied(unsigned code) {
  return code == ER_ACCESS_DENIED_ERROR || code == ER_DBACCESS_DENIED_ERROR ||
         code == ER_SPECIFIC_ACCESS_DENIED_ERROR || code == ER_TABLEACCESS_DENIED_ERROR ||
         code == ER_ACCESS_DENIED_NO_PASSWORD_ERROR || code == ER_HOST_NOT_PRIVILEGED;
}

// The client's own codes: no server, no answer, connection lost.
bool is_lost(unsigned code) { return code >= CR_MIN_ERROR && code <= CR_MAX_ERROR; }

std::string password_of(const MariaDbAddress& address) {
  if (!address.password_file) return "";
  const auto secret = core::read_secret(*address.password_file);
  return std::string(core::as_text(secret.view()));
}

} // namespace

void MariaDbClient::Close::operator()(st_mysql* connection) const noexcept {
  mysql_close(connection);
}

MariaDbClient::MariaDbClient(const MariaDbAddress& address, std::chrono::seconds longest_statement,
                             std::chrono::seconds patience)
    : place_(address.socket.empty() ? address.host + ":" + std::to_string(address.port)
                                    : address.socket) {
  start_library();
  connection_.reset(mysql_init(nullptr));
  if (!connection_) throw core::Error("no memory for a connection to MariaDB");
  const auto seconds = static_cast<unsigned>(patience.count());
  const unsigned no = 0;
  const auto set = [&](mysql_option option, const void* value) {
    mysql_options(connection_.get(), option, value);
  };
  set(MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
  set(MYSQL_OPT_READ_TIMEOUT, &seconds);
  set(MYSQL_OPT_WRITE_TIMEOUT, &seconds);
  set(MYSQL_OPT_LOCAL_INFILE, &no); // a server must not ask for our files
  set(MYSQL_SET_CHARSET_NAME, "utf8mb4");
  const auto password = password_of(address);
  const bool by_socket = !address.socket.empty();
  if (mysql_real_connect(connection_.get(), by_socket ? nullptr : address.host.c_str(),
                         address.user.c_str(), password.c_str(), nullptr,
                         by_socket ? 0 : address.port, by_socket ? address.socket.c_str() : nullptr,
                         0) == nullptr)
    fail("connecting");
  connected_ = true;
  query("SET SESSION max_statement_time = " + std::to_string(longest_statement.count()) +
        ", lock_wait_timeout = 1");
  query("SET SESSION TRANSACTION READ ONLY");
}

void MariaDbClient::fail(const std::string& doing) {
  const auto code = mysql_errno(connection_.get());
  const std::string reason = mysql_error(connection_.get());
  const auto message = "MariaDB at " + place_ + ": " + doing + ": " + reason;
  if (is_denied(code))
    throw core::AccessDenied(message + "; look at the user and what it is granted");
  if (!is_lost(code)) throw core::Error(message);
  const bool first = !connected_;
  connected_ = false;
  throw core::TransientError(message +
                             (first ? "; start MariaDB there, or correct the address" : ""));
}

MariaDbRows MariaDbClient::query(const std::string& sql) {
  auto* connection = connection_.get();
  if (mysql_real_query(connection, sql.data(), sql.size()) != 0) fail("asking");
  const core::Handle<MYSQL_RES, free_result> result(mysql_store_result(connection));
  if (!result) {
    if (mysql_errno(connection) != 0) fail("reading the answer");
    return {}; // no SELECT
  }
  MariaDbRows answer;
  const auto count = mysql_num_fields(result.get());
  const auto* fields = mysql_fetch_fields(result.get());
  for (unsigned i = 0; i < count; ++i) answer.columns.emplace_back(fields[i].name);
  while (const auto row = mysql_fetch_row(result.get())) {
    const auto* lengths = mysql_fetch_lengths(result.get());
    auto& cells = answer.rows.emplace_back();
    for (unsigned i = 0; i < count; ++i)
      cells.push_back(row[i] == nullptr ? std::nullopt
                                        : std::optional(std::string(row[i], lengths[i])));
  }
  return answer;
}

} // namespace intendance::collectors
