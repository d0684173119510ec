// SPDX-License-Identifier: AGPL-3.0-or-later
// The whole ledger as lines of JSON, for auditors (docs/ledger-format.md, "The export").
#pragma once

#include "billing/ledger/chain.hpp"
#include "core/postgres.hpp"

#include <iosfwd>

namespace intendance::billing {

// Reads everything in one snapshot and writes as it reads. Returns the head. A stream that fails
// is the caller's to notice.
LedgerHead export_ledger(core::Postgres& database, std::ostream& out);

} // namespace intendance::billing
