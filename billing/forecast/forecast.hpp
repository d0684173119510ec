// SPDX-License-Identifier: AGPL-3.0-or-later
// What a fund's fiscal year will have cost when it is over, whether the budget lasts, and what will
// be left of it. A pure function of what is known on a day: nothing is read, the same input gives
// the same cents. docs/decisions/0007 says how it estimates and why so.
#pragma once

#include "billing/dates.hpp"
#include "billing/money.hpp"

#include <optional>
#include <string_view>
#include <vector>

namespace intendance::billing {

// All amounts on the basis that the budget is charged by.
struct MonthSpent {
  Month month;
  Cents ordinary;  // work that nobody had engaged
  Cents engaged;   // work on engagements
  Cents recurring; // costs that fall due on known days
};

// A quote or purchase order that is not used up.
struct OpenEngagement {
  Cents left;
  std::optional<Date> until; // when the work should be done, where somebody said so
};

struct DueCost {
  Date day;
  Cents amount;
};

struct ForecastInput {
  FiscalYear year;
  std::optional<Cents> budget;
  std::vector<Cents> plan; // of the twelve months; empty: equal ones
  Date today;              // is not over: its month counts up to the day before
  // In any order; earlier fiscal years tell the season. Spending is taken to begin with the first
  // month here in which there was work; a month left out after it cost nothing. Months after
  // today's are not looked at.
  std::vector<MonthSpent> spent;
  std::vector<OpenEngagement> engagements;
  std::vector<DueCost> due; // from today on; those after the year's end are not looked at
};

// Eight years in ten end between `low` and `high`, one in ten below, one in ten above; as many
// below `middle` as above it.
struct Estimate {
  Cents low;
  Cents middle;
  Cents high;
};

// What a figure rests on, for a renderer to put into words; the fields that a code does not name
// are zero.
enum class ReasonCode {
  year_over,     // amount: spent
  nothing_known, // neither a budget nor spending
  plan_alone,    // amount: planned a month; no work is recorded yet
  pace,          // amount: a usual month as estimated; other: by the plan, zero without one; count:
                 // months of spending looked at; percent: the plan's weight in the estimate
  season,        // percent: of equal months' cost that the rest of the year usually takes; count:
                 // earlier years looked at
  spread,        // percent: how far a month lies from a usual one
  quiet,         // count: whole months almost without spending up to today; percent: how likely
                 // it is that spending goes on
  engagements,   // amount: expected to be used within the year; other: left of them; count
  recurring,     // amount: due until the year's end; count
  no_budget,     //
  overspent,     // amount: by which the budget is exceeded already
  falls_short,   // amount: missing at the year's end; day: from which on
  may_fall_short, // amount: missing if the year comes dear; day: from which on then
  lasts,          // amount: left even if the year comes dear
  underspent, // amount: expected to be left; other: even if the year comes dear; day: the last one
              // to use it; percent: of the budget
};
std::string_view reason_name(ReasonCode code); // "plan_alone"

struct Reason {
  ReasonCode code = ReasonCode::year_over;
  Cents amount;
  Cents other;
  std::int64_t count = 0;
  std::int64_t percent = 0;
  std::optional<Date> day;
};

// From good to bad; the worst that holds.
enum class Verdict { no_budget, lasts, underspent, may_fall_short, falls_short, overspent };
std::string_view verdict_name(Verdict verdict); // "may_fall_short"

struct Forecast {
  FiscalYear year;
  Date today;
  std::optional<Cents> budget;
  Cents spent;   // in the year so far
  Cents engaged; // left of engagements
  Cents due;     // until the year's end
  Estimate cost; // of the whole year
  std::vector<Reason> cost_reasons;

  Verdict verdict = Verdict::no_budget;
  // The first day on which more is spent than there is, by the middle and by the high estimate:
  // within the year, or, if what is left could be kept, within ten years after it. Today when it is
  // so already; absent without a budget, when the year is over, and when nothing is spent.
  std::optional<Date> exhausted;
  std::optional<Date> exhausted_early;
  std::vector<Reason> budget_reasons; // of the verdict

  std::optional<Estimate> unspent; // of the budget at the year's end, never below zero
  // Unless something is done, so much stays unused that a funder asks why, in all likelihood.
  bool underspending = false;

  // What is neither spent, engaged nor due, and how much of it there is a month until the year's
  // end; absent without a budget or when the year is over.
  std::optional<Cents> free;
  std::optional<Cents> free_a_month;
};

// Throws Error for a plan that has neither none nor twelve months, and for amounts too large to be
// counted exactly.
Forecast forecast_year(const ForecastInput& input);

} // namespace intendance::billing
