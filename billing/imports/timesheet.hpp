// SPDX-License-Identifier: AGPL-3.0-or-later
// A table of work done, as Redmine exports it or anyone types it, read in the ledger's terms. Every
// fault of every row is found; nothing is kept here.
#pragma once

#include "billing/imports/csv.hpp"
#include "billing/imports/map.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/entries.hpp"
#include "billing/ledger/rates.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// What the ledger knows, for names and prices.
struct TimesheetTerms {
  std::vector<CatalogueItem> services;
  std::vector<CatalogueItem> activities;
  std::vector<CatalogueItem> vendors;
  std::vector<Fund> funds;
  std::vector<Engagement> engagements;
  std::vector<Rate> rates;
  std::optional<std::string> fund; // of rows that say none
  std::string vendor;
  std::optional<std::string> service;
  std::string activity;
  Date today;
};

struct TimesheetRow {
  std::string id;       // the source's own; empty when it gives none
  std::string identity; // without an id: what of the row a correction leaves as it is
  NewEntry entry;       // without its id
  Place place;
};

struct Timesheet {
  std::vector<TimesheetRow> rows;
  std::optional<Period> days;       // from the first to the last; absent without rows
  std::size_t without_work = 0;     // rows of zero hours, which say nothing
  std::vector<std::string> ignored; // headings
};

// A row with a fault is not in the timesheet.
Timesheet read_timesheet(const CsvTable& table, const ImportMap& map, const TimesheetTerms& terms,
                         InputFaults& faults);

} // namespace intendance::billing
