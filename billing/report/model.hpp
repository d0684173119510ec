// SPDX-License-Identifier: AGPL-3.0-or-later
// The monthly report as data. Every figure in it is a sum of entries of its annex or of the year's
// entries before; report/render.hpp turns it into text, JSON, CSV.
#pragma once

#include "billing/ledger/budget.hpp"
#include "billing/ledger/chain.hpp"
#include "billing/ledger/entries.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

enum class ReportStatus { provisional, closed };

// One service and activity; amounts before tax.
struct ReportLine {
  CatalogueItem service;
  CatalogueItem activity;
  Minutes month_work;
  Cents month_amount;
  Minutes year_work; // from the fiscal year's first day to the month's end
  Cents year_amount;
};

struct MonthlyReport {
  Month month;
  ReportStatus status = ReportStatus::provisional;
  Date drawn_up; // the day on which the ledger was read
  LedgerHead head;
  Balance balance;        // at the month's end, or on `drawn_up` if that is earlier
  TaxedTotal month_total; // the month by itself
  Minutes month_work;
  // Hours that the available money still buys; absent without a budget or a rate.
  std::optional<Minutes> affordable;
  std::vector<ReportLine> lines; // by service, then activity; only those with work in the year
  std::vector<Entry> entries;    // of the month, by number
};

struct ReportRequest {
  Month month;
  Fund fund;
  std::string vendor; // whose rate says what the available money still buys
  Date today;
};

// Reads everything in one snapshot of the database, so that its parts agree. Throws Error for a
// month that has not begun.
MonthlyReport draw_up_report(core::Postgres& database, const ReportRequest& request);

// The same inside the transaction that is open, such as the one that closes the month. Nobody else
// must be able to record anything meanwhile.
MonthlyReport read_report(core::Postgres& database, const ReportRequest& request);

} // namespace intendance::billing
