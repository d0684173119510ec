// SPDX-License-Identifier: AGPL-3.0-or-later
// The words of a report, in the terms that Québec's grant administrators use.
#pragma once

#include "billing/tax/tax.hpp"
#include "core/command.hpp"

namespace intendance::billing {

struct ReportWords {
  const char* title;
  const char* closed;
  const char* provisional;
  const char* fund;
  const char* year;
  const char* year_days; // with two days
  const char* grant_year;
  const char* university_year;
  const char* as_of;
  const char* ledger;
  const char* ledger_entries; // with a count
  const char* unaudited;
  const char* provisional_note;
  const char* budget;
  const char* no_budget;
  const char* spent;
  const char* available;
  const char* overspent;
  const char* affordable; // with a duration
  const char* basis_net;
  const char* basis_gross;
  const char* basis_before_tax;
  const char* this_month; // with work, amount before tax, amount on the basis
  const char* nothing;
  const char* lines_title;
  const char* month_column;
  const char* year_column;
  const char* work;
  const char* amount;
  const char* before_tax;
  const char* gross;
  const char* rebate; // with a tax and a percentage
  const char* net;
  const char* estimate;
  const char* annex;
  const char* no_entries;
  const char* done_on;     // with a day
  const char* reverses;    // with a number
  const char* reversed_by; // with a number
};

const ReportWords& report_words(core::Language language);

// "TPS" is "GST" in English, "TVQ" "QST"; other names stay.
std::string tax_label(const std::string& name, core::Language language);

const char* basis_words(const ReportWords& words, Basis basis);

} // namespace intendance::billing
