// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/postgres.hpp"

#include "core/handle.hpp"
#include "core/lazy_library.hpp"
#include "core/log.hpp"

#include <libpq-fe.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace intendance::core {
namespace {

LazyLibrary libpq{"libpq.so.5", "libpq5"};
const LazyFunction<decltype(::PQclear)> PQclear{libpq, "PQclear"};
const LazyFunction<decltype(::PQcmdTuples)> PQcmdTuples{libpq, "PQcmdTuples"};
const LazyFunction<decltype(::PQconnectdbParams)> PQconnectdbParams{libpq, "PQconnectdbParams"};
const LazyFunction<decltype(::PQconninfoFree)> PQconninfoFree{libpq, "PQconninfoFree"};
const LazyFunction<decltype(::PQconninfoParse)> PQconninfoParse{libpq, "PQconninfoParse"};
const LazyFunction<decltype(::PQerrorMessage)> PQerrorMessage{libpq, "PQerrorMessage"};
const LazyFunction<decltype(::PQexec)> PQexec{libpq, "PQexec"};
const LazyFunction<decltype(::PQexecParams)> PQexecParams{libpq, "PQexecParams"};
const LazyFunction<decltype(::PQfinish)> PQfinish{libpq, "PQfinish"};
const LazyFunction<decltype(::PQfname)> PQfname{libpq, "PQfname"};
const LazyFunction<decltype(::PQfreemem)> PQfreemem{libpq, "PQfreemem"};
const LazyFunction<decltype(::PQgetisnull)> PQgetisnull{libpq, "PQgetisnull"};
const LazyFunction<decltype(::PQgetlength)> PQgetlength{libpq, "PQgetlength"};
const LazyFunction<decltype(::PQgetvalue)> PQgetvalue{libpq, "PQgetvalue"};
const LazyFunction<decltype(::PQnfields)> PQnfields{libpq, "PQnfields"};
const LazyFunction<decltype(::PQntuples)> PQntuples{libpq, "PQntuples"};
const LazyFunction<decltype(::PQresultErrorField)> PQresultErrorField{libpq, "PQresultErrorField"};
const LazyFunction<decltype(::PQresultErrorMessage)> PQresultErrorMessage{libpq,
                                                                          "PQresultErrorMessage"};
const LazyFunction<decltype(::PQresultStatus)> PQresultStatus{libpq, "PQresultStatus"};
const LazyFunction<decltype(::PQsetNoticeProcessor)> PQsetNoticeProcessor{libpq,
                                                                          "PQsetNoticeProcessor"};
const LazyFunction<decltype(::PQstatus)> PQstatus{libpq, "PQstatus"};

using ParsedOptions =
    Handle<PQconninfoOption, [](PQconninfoOption* options) { PQconninfoFree(options); }>;

// libpq's messages run over several lines and end in a newline; ours are one line. Lines that begin
// with a tab are its advice, beside which ours would be one too many.
std::string one_line(std::string_view text) {
  std::string line;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(part.size() + 1, text.size()));
    if (part.empty() || part.front() == '\t') continue;
    line += (line.empty() ? "" : "; ") + std::string(part);
  }
  return line;
}

std::map<std::string, std::string> parse_address(const std::string& address) {
  char* reason = nullptr;
  const ParsedOptions options(PQconninfoParse(address.c_str(), &reason));
  const Handle<char, [](char* text) { PQfreemem(text); }> owned_reason(reason);
  // libpq's reason quotes the part that it did not understand, which may be a secret.
  if (!options) {
    throw ConfigError("the database's address is not understood; allowed: "
                      "postgresql://USER@HOST/NAME or postgresql:///NAME?host=/SOCKET/FOLDER");
  }
  std::map<std::string, std::string> values;
  for (auto* option = options.get(); option->keyword != nullptr; ++option) {
    if (option->val != nullptr) values[option->keyword] = option->val;
  }
  return values;
}

std::map<std::string, std::string> accepted_address(const std::string& address) {
  auto values = parse_address(address);
  if (values.contains("password")) {
    throw ConfigError("the database's address holds a password, which others could read; write it "
                      "into a file of mode 0600 as HOST:PORT:NAME:USER:PASSWORD and put "
                      "passfile=FILE into the address instead");
  }
  return values;
}

std::string describe(const std::map<std::string, std::string>& values) {
  const auto value = [&](const char* key) {
    const auto found = values.find(key);
    return found == values.end() ? std::string() : found->second;
  };
  std::string place = value("dbname");
  if (place.empty()) place = "the default database";
  const auto host = value("host").empty() ? value("hostaddr") : value("host");
  if (host.empty()) return place + " at the default socket";
  place += " at " + host;
  if (!value("port").empty() && host.front() != '/') place += ":" + value("port");
  return place;
}

extern "C" void log_notice(void*, const char* message) {
  try {
    log::debug("the database says: " + one_line(message));
  } catch (...) { // a lost debugging line is all that can be lost here
  }
}

std::string field(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string() : std::string(text);
}

// Classes of SQLSTATE: https://www.postgresql.org/docs/15/errcodes-appendix.html
bool is_transient(std::string_view sqlstate) {
  const auto kind = sqlstate.substr(0, 2);
  return sqlstate.empty() || kind == "08" || kind == "40" || kind == "53" || kind == "57" ||
         sqlstate == "55P03";
}

// Raised on purpose by SQL of ours (P0001, or a code that begins with ID): its words stand alone.
bool is_raised(std::string_view sqlstate) {
  return sqlstate == "P0001" || sqlstate.substr(0, 2) == "ID";
}

[[noreturn]] void throw_refusal(const PGresult* result, const std::string& place) {
  const auto sqlstate = field(result, PG_DIAG_SQLSTATE);
  auto message = one_line(field(result, PG_DIAG_MESSAGE_PRIMARY).c_str());
  const auto detail = one_line(field(result, PG_DIAG_MESSAGE_DETAIL).c_str());
  if (message.empty()) message = one_line(PQresultErrorMessage(result));
  if (is_raised(sqlstate)) throw PostgresError(sqlstate, "", std::move(message));
  if (!detail.empty()) message += " (" + detail + ")";
  message.insert(0, "the database " + place + ": ");
  if (is_transient(sqlstate)) throw TransientError(message + "; try again");
  if (sqlstate == "42501") {
    throw AccessDenied(message + "; ask for the role that may do this");
  }
  throw PostgresError(sqlstate, field(result, PG_DIAG_CONSTRAINT_NAME), std::move(message));
}

int column_number(const pg_result* result, std::string_view column) {
  for (int number = 0; number < PQnfields(result); ++number) {
    if (column == PQfname(result, number)) return number;
  }
  throw CorruptData("the database's answer has no column \"" + std::string(column) + "\"");
}

std::int64_t to_integer(std::string_view text, std::string_view column) {
  std::int64_t value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) {
    throw CorruptData("the database's answer has \"" + std::string(text) + "\" where column \"" +
                      std::string(column) + "\" should be an integer");
  }
  return value;
}

} // namespace

std::optional<std::string> PostgresRow::optional_text(std::string_view column) const {
  const int number = column_number(result_, column);
  if (PQgetisnull(result_, row_, number) != 0) return std::nullopt;
  return std::string(PQgetvalue(result_, row_, number),
                     static_cast<std::size_t>(PQgetlength(result_, row_, number)));
}

std::string PostgresRow::text(std::string_view column) const {
  auto value = optional_text(column);
  if (!value) {
    throw CorruptData("the database's answer has no value in column \"" + std::string(column) +
                      "\"");
  }
  return *std::move(value);
}

std::int64_t PostgresRow::integer(std::string_view column) const {
  return to_integer(text(column), column);
}

std::optional<std::int64_t> PostgresRow::optional_integer(std::string_view column) const {
  const auto value = optional_text(column);
  if (!value) return std::nullopt;
  return to_integer(*value, column);
}

bool PostgresRow::boolean(std::string_view column) const {
  const auto value = text(column);
  if (value == "t") return true;
  if (value == "f") return false;
  throw CorruptData("the database's answer has \"" + value + "\" where column \"" +
                    std::string(column) + "\" should be true or false");
}

std::string_view PostgresRow::view(int column) const {
  if (column < 0 || column >= PQnfields(result_)) {
    throw CorruptData("the database's answer has no column " + std::to_string(column));
  }
  return {PQgetvalue(result_, row_, column),
          static_cast<std::size_t>(PQgetlength(result_, row_, column))};
}

PostgresResult::PostgresResult(std::shared_ptr<pg_result> result) : result_(std::move(result)) {
  const int count = PQntuples(result_.get());
  rows_.reserve(static_cast<std::size_t>(count));
  for (int row = 0; row < count; ++row) rows_.push_back(PostgresRow(result_.get(), row));
}

const PostgresRow& PostgresResult::only() const {
  if (rows_.size() != 1) {
    throw CorruptData("the database answered with " + std::to_string(rows_.size()) +
                      " rows instead of one");
  }
  return rows_.front();
}

std::int64_t PostgresResult::affected() const {
  const std::string_view count = PQcmdTuples(result_.get());
  return count.empty() ? 0 : to_integer(count, "affected rows");
}

Postgres::Postgres(const std::string& address) {
  place_ = describe(accepted_address(address));
  // What stands before dbname is a default, what stands behind it is ours to decide.
  // A host that fell silent in the middle of a query is given up after half a minute.
  const char* keywords[] = {"connect_timeout",           "tcp_user_timeout", "dbname",
                            "fallback_application_name", "client_encoding",  nullptr};
  const char* settings[] = {"5", "30000", address.c_str(), "intendance", "UTF8", nullptr};
  connection_.reset(PQconnectdbParams(keywords, settings, 1));
  if (!connection_) throw TransientError("no memory for a connection to the database " + place_);
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    const auto reason = one_line(PQerrorMessage(connection_.get()));
    // A server that says FATAL is there and does not let us in.
    const bool answered = reason.find("FATAL:") != std::string::npos;
    throw TransientError("the database " + place_ + " could not be reached: " + reason +
                         (answered ? "; check the names of the database and of the role, and "
                                     "pg_hba.conf"
                                   : "; start PostgreSQL there, or correct the address"));
  }
  PQsetNoticeProcessor(connection_.get(), log_notice, nullptr);
  execute_script("SET datestyle = 'ISO, YMD'; SET timezone = 'UTC'; "
                 "SET standard_conforming_strings = on");
}

void Postgres::check_address(const std::string& address) { accepted_address(address); }

Postgres::Postgres(Postgres&&) noexcept = default;
Postgres& Postgres::operator=(Postgres&&) noexcept = default;
Postgres::~Postgres() = default;

void Postgres::Close::operator()(pg_conn* connection) const noexcept { PQfinish(connection); }

bool Postgres::connected() const {
  return connection_ && PQstatus(connection_.get()) == CONNECTION_OK;
}

std::shared_ptr<pg_result> Postgres::check(pg_result* raw) {
  std::shared_ptr<pg_result> result(
      raw, [](pg_result* old) { PQclear(old); }); // PQclear takes a null pointer
  if (!connected()) {
    throw TransientError("the connection to the database " + place_ + " was lost: " +
                         one_line(PQerrorMessage(connection_.get())) + "; try again");
  }
  if (!result) {
    throw TransientError("the database " + place_ +
                         " gave no answer: " + one_line(PQerrorMessage(connection_.get())));
  }
  const auto status = PQresultStatus(result.get());
  if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) {
    return result;
  }
  throw_refusal(result.get(), place_);
}

PostgresResult Postgres::execute(const std::string& sql,
                                 const std::vector<PostgresParameter>& parameters) {
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const auto& parameter : parameters) {
    // Text format ends at a NUL byte, and PostgreSQL's texts cannot hold one.
    if (parameter && parameter->find('\0') != std::string::npos) {
      throw Error("a text for the database holds a NUL byte; remove it");
    }
    values.push_back(parameter ? parameter->c_str() : nullptr);
  }
  return PostgresResult(
      check(PQexecParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()), nullptr,
                         values.data(), nullptr, nullptr, 0)));
}

void Postgres::execute_script(const std::string& sql) {
  check(PQexec(connection_.get(), sql.c_str()));
}

Transaction::Transaction(Postgres& database) : database_(database) {
  if (database_.open_transactions_ > 0) {
    savepoint_ = "inner_" + std::to_string(database_.open_transactions_);
  }
  database_.query(savepoint_.empty() ? "BEGIN" : "SAVEPOINT " + savepoint_);
  ++database_.open_transactions_;
}

Transaction::~Transaction() {
  if (!open_) return;
  --database_.open_transactions_;
  try {
    database_.query(savepoint_.empty() ? "ROLLBACK" : "ROLLBACK TO " + savepoint_);
  } catch (...) { // the connection is gone, and the server has undone the work by itself
  }
}

void Transaction::commit() {
  // COMMIT of a failed transaction succeeds, as a ROLLBACK; any other statement fails in it.
  database_.query("SELECT 1");
  database_.query(savepoint_.empty() ? "COMMIT" : "RELEASE " + savepoint_);
  open_ = false;
  --database_.open_transactions_;
}

} // namespace intendance::core
