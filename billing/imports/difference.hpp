// SPDX-License-Identifier: AGPL-3.0-or-later
// What a source says now against what it said last. A pure function: nothing is read or kept.
#pragma once

#include "billing/imports/timesheet.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// What an earlier import saw under an id, and what became of it.
struct RememberedItem {
  std::string external_id;
  std::string fingerprint;             // hexadecimal
  std::int64_t versions = 1;           // how often it was seen new, changed or gone
  std::optional<std::string> entry_id; // absent: it is gone from the source
  std::optional<std::int64_t> number;  // of that entry
  std::optional<Date> worked_on;
  bool taken_back = false; // by somebody here, by a reversal
};

struct ImportedEntry {
  std::string external_id;
  std::string fingerprint;
  NewEntry entry;                       // with its id, derived from source, external id and version
  std::optional<RememberedItem> before; // what it changes
};

struct ImportPlan {
  std::vector<ImportedEntry> added;
  std::vector<ImportedEntry> changed;
  std::vector<RememberedItem> vanished; // their days lie in the scope
  std::size_t unchanged = 0;
  // Unchanged at the source, but taken back here by hand: left so.
  std::vector<RememberedItem> taken_back;
  bool empty() const { return added.empty() && changed.empty() && vanished.empty(); }
};

// What of an entry the source decides, as 64 hexadecimal digits.
std::string fingerprint_of(const NewEntry& entry);

// Only what was worked within `scope` can have vanished: a file of one month says nothing of
// others.
ImportPlan plan_import(const std::string& source, const std::vector<TimesheetRow>& rows,
                       const std::vector<RememberedItem>& remembered, Period scope);

} // namespace intendance::billing
