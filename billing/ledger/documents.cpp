// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/documents.hpp"

#include "core/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;

core::ByteView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

Document read_document(const core::PostgresRow& row) {
  return {row.text("sha256"), row.text("name"), row.text("media_type"), row.integer("bytes")};
}

void check_size(const std::string& name, std::size_t size) {
  if (size > most_document_bytes) {
    throw Error(
        fmt::format("{} is {} bytes long; the ledger keeps documents of at most {} (32 MiB): "
                    "make it smaller, or record where it lies",
                    name, size, most_document_bytes));
  }
}

} // namespace

std::string media_type_of(const std::filesystem::path& file) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 12> known = {{
      {".pdf", "application/pdf"},
      {".txt", "text/plain"},
      {".csv", "text/csv"},
      {".html", "text/html"},
      {".json", "application/json"},
      {".png", "image/png"},
      {".jpg", "image/jpeg"},
      {".jpeg", "image/jpeg"},
      {".eml", "message/rfc822"},
      {".odt", "application/vnd.oasis.opendocument.text"},
      {".ods", "application/vnd.oasis.opendocument.spreadsheet"},
      {".xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
  }};
  auto ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter - 'A' + 'a') : letter;
  });
  for (const auto& [name, type] : known) {
    if (name == ending) return std::string(type);
  }
  return "application/octet-stream";
}

Document add_document(Postgres& database, const std::string& name, const std::string& media_type,
                      std::string_view bytes) {
  check_size(name, bytes.size());
  const auto sha256 = core::to_hex(core::sha256(as_bytes(bytes)));
  core::Transaction transaction(database);
  database.query("SELECT ledger.lock_postings()"); // another may be keeping the same file
  const auto there =
      database.query("SELECT FROM ledger.document WHERE sha256 = decode($1, 'hex')", sha256);
  if (there.empty()) {
    database.query("INSERT INTO ledger.document (sha256, name, media_type, bytes) "
                   "VALUES (decode($1, 'hex'), $2, $3, $4)",
                   sha256, name, media_type, bytes.size());
    database.query("INSERT INTO ledger.document_content (sha256, content) "
                   "VALUES (decode($1, 'hex'), decode($2, 'hex'))",
                   sha256, core::to_hex(as_bytes(bytes)));
  }
  auto document = require_document(database, sha256);
  transaction.commit();
  return document;
}

Document add_document_file(Postgres& database, const std::filesystem::path& file) {
  std::error_code failure;
  const auto size = std::filesystem::file_size(file, failure);
  if (!failure) check_size(file.string(), size); // before it is read
  return add_document(database, file.filename().string(), media_type_of(file),
                      core::read_file(file, most_document_bytes));
}

std::vector<Document> list_documents(Postgres& database) {
  std::vector<Document> documents;
  const auto rows =
      database.query("SELECT encode(sha256, 'hex') AS sha256, name, media_type, bytes "
                     "FROM ledger.document ORDER BY name, 1");
  for (const auto& row : rows) documents.push_back(read_document(row));
  return documents;
}

Document require_document(Postgres& database, const std::string& prefix) {
  const bool digits =
      !prefix.empty() && prefix.find_first_not_of("0123456789abcdef") == std::string::npos;
  const auto rows =
      database.query("SELECT encode(sha256, 'hex') AS sha256, name, media_type, bytes "
                     "FROM ledger.document WHERE starts_with(encode(sha256, 'hex'), $1) "
                     "LIMIT 2",
                     prefix);
  if (!digits || rows.empty()) {
    throw Error("there is no document \"" + prefix +
                "\"; intendance document show lists those there are, and document add keeps one");
  }
  if (rows.size() > 1) {
    throw Error("several documents begin with \"" + prefix + "\"; give more of the fingerprint");
  }
  return read_document(rows.only());
}

std::string document_bytes(Postgres& database, const std::string& sha256) {
  const auto hexadecimal = database
                               .query("SELECT encode(content, 'hex') AS content FROM "
                                      "ledger.document_content WHERE sha256 = decode($1, 'hex')",
                                      sha256)
                               .only()
                               .text("content");
  const auto bytes = core::from_hex(hexadecimal);
  if (core::to_hex(core::sha256(bytes)) != sha256) {
    throw core::CorruptData("the document " + sha256 +
                            " does not hold the bytes that were recorded; run intendance ledger "
                            "verify and put the database back from a backup");
  }
  return {bytes.begin(), bytes.end()};
}

} // namespace intendance::billing
