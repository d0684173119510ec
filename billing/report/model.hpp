// SPDX-License-Identifier: AGPL-3.0-or-later
// The monthly report as data. Every figure in it is a sum of entries and charges of its annex or of
// the year's before; report/render.hpp turns it into its forms.
#pragma once

#include "billing/forecast/ledger_input.hpp"
#include "billing/ledger/budget.hpp"
#include "billing/ledger/chain.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/entries.hpp"
#include "billing/report/decisions.hpp"
#include "billing/report/document.hpp"
#include "billing/report/evidence.hpp"
#include "billing/report/posts.hpp"
#include "billing/report/upcoming.hpp"
#include "core/command.hpp"
#include "core/postgres.hpp"

#include <functional>
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

// What the year has cost until the end of a month (or until the report's day), on the fund's basis.
struct SpentUntil {
  Month month;
  Cents amount;
};

// What another part of the house knows of the month, such as whether backups were restored.
struct ForeignSection {
  Section french;
  Section english;
};
// Asked once for each report; must not throw for what is merely not known, but say so.
using SectionSource = std::function<ForeignSection(Month month, Date drawn_up)>;

struct MonthlyReport {
  Month month;
  ReportStatus status = ReportStatus::provisional;
  Date drawn_up; // the day on which the ledger was read
  LedgerHead head;
  Balance balance;        // at the month's end, or on `drawn_up` if that is earlier
  TaxedTotal month_total; // the month's work by itself
  Minutes month_work;
  // Hours that the available money still buys; absent without a budget or a rate.
  std::optional<Minutes> affordable;
  std::vector<ReportLine> lines; // by service, then activity; only those with work in the year
  std::vector<Entry> entries;    // of the month, by number

  Cents accrued;                       // charges à payer: spent, but on no invoice yet
  std::vector<Charge> charges;         // of the month
  std::vector<Charge> earlier_charges; // of the year's months before
  TaxedTotal month_costs;              // of `charges`
  std::vector<Post> posts;             // lines of the budget
  std::vector<SpentUntil> course;
  Forecast forecast;
  std::vector<Engagement> engagements; // of the fund, as of the balance's day
  std::vector<Quote> open_quotes;      // that nobody has accepted yet
  CheckedInvoices reconciliation;
  std::vector<Upcoming> upcoming; // what expires or is due
  std::vector<EvidenceDocument> evidence;
  Assessment assessment;
  std::vector<ForeignSection> foreign;

  Cents actual() const { return balance.spent() - accrued; } // réel: on an invoice, or proven
};

struct ReportRequest {
  Month month;
  Fund fund;
  std::string vendor; // whose rate says what the available money still buys
  Date today;
  std::vector<SectionSource> sections = {};
};

// Reads everything in one snapshot of the database, so that its parts agree. Throws Error for a
// month that has not begun.
MonthlyReport draw_up_report(core::Postgres& database, const ReportRequest& request);

// The same inside the transaction that is open, such as the one that closes the month. Nobody else
// must be able to record anything meanwhile.
MonthlyReport read_report(core::Postgres& database, const ReportRequest& request);

} // namespace intendance::billing
