// SPDX-License-Identifier: AGPL-3.0-or-later
// PostgreSQL by libpq: one connection, parameters apart from the SQL, transactions that undo
// themselves. Everything travels as text.
#pragma once

#include "core/error.hpp"

#include <concepts>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct pg_conn;
struct pg_result;

namespace intendance::core {

// The server understood and refused: a constraint, a RAISE, a mistake in the SQL. Lost connections
// and conflicts that a retry may solve are TransientError, missing privileges AccessDenied.
class PostgresError : public Error {
public:
  PostgresError(std::string sqlstate, std::string constraint, std::string message)
      : Error(std::move(message)), sqlstate_(std::move(sqlstate)),
        constraint_(std::move(constraint)) {}
  const std::string& sqlstate() const { return sqlstate_; }     // five characters, "23505"
  const std::string& constraint() const { return constraint_; } // empty when none is named

private:
  std::string sqlstate_;
  std::string constraint_;
};

// One row of a result; valid as long as the PostgresResult it comes from. Columns are named as in
// the query. Asking for a column that is not there, for a value of another kind, or for an absent
// value without optional_ throws CorruptData.
class PostgresRow {
public:
  std::string text(std::string_view column) const;
  std::optional<std::string> optional_text(std::string_view column) const;
  std::int64_t integer(std::string_view column) const;
  std::optional<std::int64_t> optional_integer(std::string_view column) const;
  bool boolean(std::string_view column) const;
  // By the column's place from 0 on, without a copy and empty when absent: for many rows.
  std::string_view view(int column) const;

private:
  friend class PostgresResult;
  PostgresRow(const pg_result* result, int row) : result_(result), row_(row) {}
  const pg_result* result_;
  int row_;
};

class PostgresResult {
public:
  explicit PostgresResult(std::shared_ptr<pg_result> result);
  std::size_t size() const { return rows_.size(); }
  bool empty() const { return rows_.empty(); }
  auto begin() const { return rows_.begin(); }
  auto end() const { return rows_.end(); }
  // Throws CorruptData unless there is exactly one row.
  const PostgresRow& only() const;
  std::int64_t affected() const; // rows that an INSERT, UPDATE or DELETE touched

private:
  std::shared_ptr<pg_result> result_;
  std::vector<PostgresRow> rows_;
};

using PostgresParameter = std::optional<std::string>; // absent: NULL

inline PostgresParameter postgres_parameter(std::nullopt_t) { return std::nullopt; }
inline PostgresParameter postgres_parameter(PostgresParameter value) { return value; }
inline PostgresParameter postgres_parameter(std::string value) { return value; }
inline PostgresParameter postgres_parameter(std::string_view value) { return std::string(value); }
inline PostgresParameter postgres_parameter(const char* value) { return std::string(value); }
inline PostgresParameter postgres_parameter(bool value) { return value ? "true" : "false"; }
template <std::integral Integer>
PostgresParameter postgres_parameter(Integer value) {
  return std::to_string(value);
}

// One connection. One thread at a time. Times are in UTC, dates ISO 8601, texts UTF-8.
class Postgres {
public:
  // "postgresql:///intendance?host=/run/postgresql", or libpq's "key=value" form. An address that
  // is not understood, or that holds a password (passfile= or a client certificate does not show in
  // a process list), is a ConfigError; a server that does not answer within five seconds
  // (connect_timeout= changes that) or does not let us in is a TransientError.
  explicit Postgres(const std::string& address);
  Postgres(Postgres&&) noexcept;
  Postgres& operator=(Postgres&&) noexcept;
  ~Postgres();

  // Throws as the constructor does for an address that it would not take, without connecting.
  static void check_address(const std::string& address);

  // One statement; $1, $2 … stand for the parameters.
  template <class... Parameters>
  PostgresResult query(const std::string& sql, const Parameters&... parameters) {
    return execute(sql, {postgres_parameter(parameters)...});
  }
  PostgresResult execute(const std::string& sql, const std::vector<PostgresParameter>& parameters);
  // Many statements, as psql would run a file, in the transaction that is open or in one of its
  // own.
  void execute_script(const std::string& sql);

  // "intendance at /run/postgresql": which database, without user or secret.
  const std::string& place() const { return place_; }
  // False after the connection was lost; a new object is needed then.
  bool connected() const;

private:
  friend class Transaction;
  struct Close {
    void operator()(pg_conn* connection) const noexcept;
  };
  std::shared_ptr<pg_result> check(pg_result* raw);
  std::string place_;
  std::unique_ptr<pg_conn, Close> connection_;
  int open_transactions_ = 0;
};

// BEGIN at construction; everything is undone unless commit() was called. Inside another one it is
// a savepoint: undone by itself, kept only if the outer one is.
class Transaction {
public:
  explicit Transaction(Postgres& database);
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  ~Transaction();
  // Throws when the server undid the work instead of keeping it.
  void commit();

private:
  Postgres& database_;
  std::string savepoint_; // empty for the outermost
  bool open_ = true;
};

} // namespace intendance::core
