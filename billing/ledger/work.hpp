// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/money.hpp"
#include "core/postgres.hpp"

#include <string>
#include <vector>

namespace intendance::billing {

struct WorkShare {
  CatalogueItem service;
  CatalogueItem activity;
  Minutes work;
  Cents amount; // before tax
};

// The work posted to a fund in a period, by service and then activity, in the order of their names.
std::vector<WorkShare> work_by_service(core::Postgres& database, const std::string& fund,
                                       Period posted);

} // namespace intendance::billing
