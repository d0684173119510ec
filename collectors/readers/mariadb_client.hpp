// SPDX-License-Identifier: AGPL-3.0-or-later
// MariaDB by libmariadb, and the only place that includes it. One connection; everything travels as
// text.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

struct st_mysql;

namespace intendance::collectors {

struct MariaDbAddress {
  std::string socket; // a path; empty: host and port
  std::string host;
  std::uint16_t port = 3306;
  std::string user;
  std::optional<std::filesystem::path> password_file;
};

struct MariaDbRows {
  std::vector<std::string> columns;
  std::vector<std::vector<std::optional<std::string>>> rows; // absent: NULL
};

// One thread at a time. A server that is not there, falls silent for `patience`, or is lost is a
// TransientError; one that refuses is AccessDenied; all else is Error.
class MariaDbClient {
public:
  // Every statement ends after `longest_statement` on the server's side.
  MariaDbClient(const MariaDbAddress& address, std::chrono::seconds longest_statement,
                std::chrono::seconds patience);
  MariaDbRows query(const std::string& sql);
  // False after the connection was lost; a new object is needed then.
  bool connected() const { return connected_; }

private:
  struct Close {
    void operator()(st_mysql* connection) const noexcept;
  };
  [[noreturn]] void fail(const std::string& doing);

  std::string place_;
  std::unique_ptr<st_mysql, Close> connection_;
  bool connected_ = false;
};

} // namespace intendance::collectors
