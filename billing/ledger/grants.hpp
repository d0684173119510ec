// SPDX-License-Identifier: AGPL-3.0-or-later
// The promises behind funds and when they want to be reported on, and a vendor's tax numbers.
#pragma once

#include "billing/dates.hpp"
#include "billing/ledger/catalogue.hpp"
#include "billing/tax/tax.hpp"
#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <vector>

namespace intendance::billing {

struct GrantDeadline {
  std::string award;
  Date due_on;
  std::string report; // "form-300"
  std::string label_french;
  std::string label_english;
  std::string state = "open"; // "open", "met", "withdrawn"
};

struct GrantAward {
  std::string name;
  std::string fund;
  std::string funder; // "CRSH"
  std::string number; // the funder's own
  Period days;
  std::vector<GrantDeadline> deadlines = {}; // by day
};

// By name, of one fund or of all.
std::vector<GrantAward> list_awards(core::Postgres& database,
                                    const std::optional<std::string>& fund);
// Throws Error that lists those there are.
GrantAward require_award(core::Postgres& database, const std::string& name);
void add_award(core::Postgres& database, const GrantAward& award);
void extend_award(core::Postgres& database, const std::string& name, Date last_day);

void add_deadline(core::Postgres& database, const GrantDeadline& deadline);
// `state` is "met", "withdrawn" or "open". Throws Error when there is no such deadline.
void set_deadline(core::Postgres& database, const std::string& award, const std::string& report,
                  Date due_on, const std::string& state);

struct TaxNumber {
  std::string vendor;
  std::string tax; // "TPS", "TVQ"
  Date since;
  std::string number; // without blanks
};
std::vector<TaxNumber> list_tax_numbers(core::Postgres& database);
// Throws Error for a number that is not written as Revenu Québec writes it.
void add_tax_number(core::Postgres& database, const TaxNumber& number);

// A line that budgets may have (poste budgétaire). False when it is there already.
bool add_category(core::Postgres& database, const CatalogueItem& category);

// What the fund's budget pays from that day on, in place of what it did.
void set_basis(core::Postgres& database, const std::string& fund, Basis basis, Date from);

} // namespace intendance::billing
