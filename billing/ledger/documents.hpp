// SPDX-License-Identifier: AGPL-3.0-or-later
// Supporting documents (pièces justificatives), kept in the ledger by the SHA-256 of their bytes.
#pragma once

#include "core/postgres.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::billing {

inline constexpr std::size_t most_document_bytes = 32u << 20; // as in the schema

struct Document {
  std::string sha256; // hexadecimal
  std::string name;
  std::string media_type;
  std::int64_t bytes = 0;
};

// Keeps the bytes, once. Returns the document, as it was first recorded. Throws Error for too many.
Document add_document(core::Postgres& database, const std::string& name,
                      const std::string& media_type, std::string_view bytes);
// The same of a file, whose type its name's ending says. Throws Error when it cannot be read.
Document add_document_file(core::Postgres& database, const std::filesystem::path& file);

std::vector<Document> list_documents(core::Postgres& database);
// By the beginning of its SHA-256. Throws Error when none or several begin so.
Document require_document(core::Postgres& database, const std::string& prefix);
// Throws CorruptData when the bytes are not those that were recorded.
std::string document_bytes(core::Postgres& database, const std::string& sha256);

// "application/pdf" of "devis.pdf"; "application/octet-stream" of what is not known.
std::string media_type_of(const std::filesystem::path& file);

} // namespace intendance::billing
