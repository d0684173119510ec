// SPDX-License-Identifier: AGPL-3.0-or-later
// Lines of a budget (postes) against its plan, and what the ledger knows of why they differ. All
// amounts on the fund's basis.
#pragma once

#include "billing/forecast/forecast.hpp"
#include "billing/ledger/budget.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/report/document.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

// What the data say of a variance, for a renderer to put into words.
enum class CauseCode {
  largest_work,  // service and activity; amount before tax; share: of the year's work
  engaged_work,  // amount before tax: work on engagements that were accepted
  dear_month,    // month; amount; share: of the year's spending
  quiet_months,  // count: months of the year without any spending
  at_once,       // amount: charges that pay for several months at once; count
  bought_once,   // amount: bought once; count
  due_later,     // amount: known charges until the year's end; count
  engaged_later, // amount: engaged and not used yet
  unplanned,     // spending without a line in the budget
};

struct Cause {
  CauseCode code = CauseCode::unplanned;
  Cents amount = {};
  Percent share = {};
  std::int64_t count = 0;
  std::optional<Month> month = {};
  CatalogueItem service = {};
  CatalogueItem activity = {};
};

struct Post {
  CatalogueItem category;
  Cents month;
  Cents year;                  // from the fiscal year's first day
  std::optional<Cents> budget; // of the whole year
  Cents plan;                  // of it until the report's day, months alike
  Cents engaged;
  Cents forecast; // of the year; the lines together are the forecast's middle
  std::vector<Cause> causes;

  Cents variance() const { return year - plan; }
  std::optional<Cents> available() const {
    return budget ? std::optional(*budget - year - engaged) : std::nullopt;
  }
  bool must_be_explained() const;
};

// The least variance that is explained: a tenth of the plan, and 250 $.
Cents worth_explaining(Cents plan);

struct MonthlyReport;

// Of the report so far: its balance, work, engagements, course and forecast. `charges` are those of
// the whole fiscal year, to come too.
std::vector<Post> read_posts(core::Postgres& database, const MonthlyReport& report,
                             const std::vector<Charge>& charges);

} // namespace intendance::billing
