// SPDX-License-Identifier: AGPL-3.0-or-later
// The chain's links one after the other, as they lie in the database, in the order of their places.
#pragma once

#include "core/crypto.hpp"
#include "core/postgres.hpp"

#include <functional>
#include <string_view>

namespace intendance::billing {

// One link with the fields of docs/ledger-format.md in their order, behind the hash of the link
// before it. Valid until the reader moves on.
struct Link {
  enum class Kind { entry, fact };
  Kind kind = Kind::entry;
  std::int64_t place = 0;
  std::int64_t number = 0;              // of the entry, or of the fact
  std::string_view version;             // hash_version
  std::string_view hash;                // as stored, hexadecimal
  std::vector<std::string_view> fields; // the hashed ones, from `place` (entries of version 1: from
                                        // `number`) on
  std::string_view stored_cents;        // of an entry: not hashed, a field says what it must be
};

// Calls `visit` for each link. Needs a transaction in which nothing changes (repeatable read), and
// holds a few thousand links at a time.
void for_each_link(core::Postgres& database, const std::function<void(const Link&)>& visit);

// What a link's hash should be behind this one. `memory` is used for the bytes, to be given again.
core::Digest link_hash(std::string_view previous, const Link& link, core::Buffer& memory);

} // namespace intendance::billing
