// SPDX-License-Identifier: AGPL-3.0-or-later
// Whether a fund is well, why, and what somebody has to decide by when. A pure function of the
// report's other parts.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"
#include "billing/report/document.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

enum class DecisionCode {
  set_budget,        // none is recorded
  raise_or_reduce,   // amount: missing at the year's end
  provide_margin,    // amount: missing if the year comes dear
  engage_or_carry,   // amount: will stay unused
  answer_quote,      // subject: the quote; amount where it says one
  settle_engagement, // subject; amount: left, although its day is over
  contest_invoice,   // subject: the invoice; amount: its difference
  complete_invoice,  // subject: the invoice, which lacks what Revenu Québec wants on it
  hand_in,           // subject: the funder's report
  renew,             // subject: what lapses
};

struct Decision {
  DecisionCode code = DecisionCode::set_budget;
  std::string subject_french = {};
  std::string subject_english = {};
  std::optional<Cents> amount = {};
  std::optional<Date> by = {};
};

struct Assessment {
  Light light = Light::green;
  std::vector<Decision> decisions; // by their day, those without one last
};

struct MonthlyReport;
Assessment assess(const MonthlyReport& report);

} // namespace intendance::billing
