// SPDX-License-Identifier: AGPL-3.0-or-later
// The entries of the ledger. What the database refuses comes back as core::PostgresError with words
// for people; see billing/schema/0002_entry.sql.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// Work as it is logged. `id` is made by whoever logs it, once: with the same id a retry is
// harmless.
struct NewEntry {
  std::string id;
  Minutes work;
  Date worked_on;
  std::string fund;
  std::string vendor;
  std::string activity;
  std::string service;
  std::string person;
  std::string description;
  std::optional<std::string> engagement = std::nullopt; // that the work uses
};

struct Entry {
  std::int64_t number = 0;
  std::string id;
  Minutes work; // negative in a reversal
  Date worked_on;
  Date posted_on; // the day that decides in which month it counts
  std::string fund;
  std::string vendor;
  std::string activity;
  std::string service;
  std::string person;
  std::string description;
  std::optional<std::string> engagement;
  Cents per_hour;
  Cents amount;                            // before tax
  std::optional<std::int64_t> reverses;    // the number of the entry that this one takes back
  std::optional<std::int64_t> reversed_by; // and of the one that takes this one back
  std::string recorded_by;
  std::string recorded_at; // UTC, ISO 8601
};

std::string entry_number(std::int64_t number); // "0118"

struct Posting {
  Entry entry;
  bool was_there = false; // a retry: nothing was added
};

// Throws Error for more than 24 hours, for a day after `today` and for texts that are empty or too
// long.
Posting add_entry(core::Postgres& database, const NewEntry& entry, Date today);

// Takes an entry back, in the month in which it counts or else the first open one.
Posting reverse_entry(core::Postgres& database, std::int64_t number, const std::string& reason,
                      const std::string& id);

struct EntryFilter {
  std::optional<std::string> fund;
  std::optional<Period> posted;
  std::optional<std::vector<std::int64_t>> numbers = std::nullopt; // these alone
};
std::vector<Entry> list_entries(core::Postgres& database, const EntryFilter& filter);

} // namespace intendance::billing
