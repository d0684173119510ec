// SPDX-License-Identifier: AGPL-3.0-or-later
// Whether the ledger is still what was recorded: entries and the journal of all other facts are
// links of one chain, whose head reports print. docs/ledger-format.md has the bytes.
#pragma once

#include "core/postgres.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace intendance::billing {

// How many entries and facts there are, and the SHA-256 of the last link of their chain, in
// hexadecimal: it vouches for both.
struct LedgerHead {
  std::int64_t entries = 0;
  std::string hash;
  std::int64_t facts = 0;
};
LedgerHead ledger_head(core::Postgres& database);

// Whether the chain ran through this hash: false means that links behind it were removed.
bool chain_holds(core::Postgres& database, const std::string& hash);

struct LedgerFault {
  std::string what; // "0118", "invoice 6f1c…"
  std::string fault;
};

// Walks the whole chain, without holding it in memory; empty when every link is what was recorded.
std::vector<LedgerFault> chain_faults(core::Postgres& database);

// The tables whose rows the journal holds.
const std::vector<std::string>& journaled_subjects();

// What differs between the tables and what the journal says of them, documents whose bytes are not
// their fingerprint's, and guards (triggers) that are switched off.
std::vector<LedgerFault> fact_faults(core::Postgres& database);
std::vector<LedgerFault> guard_faults(core::Postgres& database);

// All three, read in one snapshot of the database.
std::vector<LedgerFault> ledger_faults(core::Postgres& database);

} // namespace intendance::billing
