// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/engagements.hpp"
#include "core/postgres.hpp"

#include <string>
#include <vector>

namespace intendance::billing {

enum class UpcomingKind {
  grant_end,      // subject: the funder and its number
  funder_report,  // to be handed in; subject: its name in the report's language
  cost_expires,   // a domain or a licence lapses; subject: what, service
  engagement_due, // subject: the engagement and what it is for; amount: left, before tax
  quote_lapses,   // subject: the quote and what it offers
  year_end,       // of the fiscal year
};

struct Upcoming {
  Date day;
  UpcomingKind kind = UpcomingKind::year_end;
  std::string subject_french;
  std::string subject_english;
  std::optional<Cents> amount;
};

struct MonthlyReport;

// From the month's first day on and within half a year after `from`, in their order; what was due
// before and still is too.
std::vector<Upcoming> read_upcoming(core::Postgres& database, const MonthlyReport& report);

} // namespace intendance::billing
