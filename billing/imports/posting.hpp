// SPDX-License-Identifier: AGPL-3.0-or-later
// Brings the ledger to what a source says: all of it or nothing, and nothing twice.
#pragma once

#include "billing/imports/difference.hpp"
#include "core/postgres.hpp"

#include <string>
#include <vector>

namespace intendance::billing {

// The words of reversals, which stay in the ledger.
struct ImportWords {
  std::string changed;  // "modifié dans redmine"
  std::string vanished; // "disparu de redmine"
};

struct ImportResult {
  ImportPlan plan;
  std::vector<std::int64_t> reversed; // numbers of the entries that were taken back
  std::size_t late = 0; // new entries that count in a later month, theirs being closed
};

// Inside the transaction that is open, behind the ledger's lock, so that two imports at once follow
// one another: the second finds nothing left to do.
ImportResult import_timesheet(core::Postgres& database, const std::string& source,
                              const std::vector<TimesheetRow>& rows, Period scope,
                              const ImportWords& words);

} // namespace intendance::billing
