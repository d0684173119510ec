// SPDX-License-Identifier: AGPL-3.0-or-later
// What entries refer to: funds, services, activities, vendors.
#pragma once

#include "core/postgres.hpp"

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace intendance::billing {

struct Fund {
  std::string name;
  std::string label;
  std::string award;    // the funder's own number; may be empty
  std::string calendar; // "grant", "university"
  unsigned first_month = 4;
};

// Labels in both languages; the same where the ledger keeps one.
struct CatalogueItem {
  std::string name;
  std::string label_french;
  std::string label_english;
};

std::vector<Fund> list_funds(core::Postgres& database);
std::vector<CatalogueItem> list_services(core::Postgres& database);
std::vector<CatalogueItem> list_activities(core::Postgres& database);
std::vector<CatalogueItem> list_vendors(core::Postgres& database);
std::vector<CatalogueItem> list_categories(core::Postgres& database); // lines of budgets
// Fiscal calendars and the month in which each year of theirs begins.
std::vector<std::pair<std::string, unsigned>> list_calendars(core::Postgres& database);

// The fund of that name, or, without a name, the only one. Throws Error that lists those there are.
Fund require_fund(core::Postgres& database, const std::optional<std::string>& name);

// Does nothing when it is there with the same calendar. Throws Error for another calendar, or one
// that is not known.
void add_fund(core::Postgres& database, const std::string& name, const std::string& calendar,
              const std::optional<std::string>& label, const std::optional<std::string>& award);

// Returns false when it is there already.
bool add_service(core::Postgres& database, const std::string& name, const std::string& label);
bool add_activity(core::Postgres& database, const CatalogueItem& activity);
bool add_vendor(core::Postgres& database, const std::string& name, const std::string& label);

// By name, or by label in either language. Each throws Error that lists those there are.
CatalogueItem require_activity(core::Postgres& database, const std::string& name);
CatalogueItem require_category(core::Postgres& database, const std::string& name);
CatalogueItem require_service(core::Postgres& database, const std::string& name);
CatalogueItem require_vendor(core::Postgres& database, const std::string& name);

} // namespace intendance::billing
