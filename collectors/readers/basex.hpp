// SPDX-License-Identifier: AGPL-3.0-or-later
// BaseX's databases, asked over its own protocol.
// https://docs.basex.org/main/Server_Protocol
#pragma once

#include "collectors/readers/reader.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace intendance::collectors {

// What a client answers to the greeting "REALM:NONCE", or "NONCE" of a server before 8.
std::string basex_login(std::string_view greeting, const std::string& user,
                        const std::string& password);

// An answer: result, information, and whether it is an error.
struct BaseXAnswer {
  std::string result, information;
  bool failed = false;
};
// Absent while more bytes are to come. Throws CorruptData for what follows a whole answer.
std::optional<BaseXAnswer> decode_basex_answer(std::string_view bytes);

// Lines NAME, RESOURCES, BYTES, with tabs between. Throws CorruptData.
Families parse_basex_databases(std::string_view lines);

// address = "127.0.0.1:1984", user, password_file.
MakeReader basex_reader(core::ConfigTable& table);

} // namespace intendance::collectors
