// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/catalogue.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Error;
using core::Postgres;

template <class Items>
std::string names_of(const Items& items) {
  std::string names;
  for (const auto& item : items) names += (names.empty() ? "" : " · ") + item.name;
  return names;
}

std::vector<CatalogueItem> read_items(Postgres& database, const std::string& sql) {
  std::vector<CatalogueItem> items;
  for (const auto& row : database.query(sql)) {
    items.push_back({row.text("name"), row.text("label_fr"), row.text("label_en")});
  }
  return items;
}

CatalogueItem require_item(const std::vector<CatalogueItem>& items, const std::string& kind,
                           const std::string& name, const std::string& advice) {
  for (const auto& item : items) {
    if (item.name == name) return item;
  }
  for (const auto& item : items) {
    const bool labelled =
        !name.empty() && (item.label_french == name || item.label_english == name);
    if (labelled) return item;
  }
  throw Error("there is no " + kind + " \"" + name +
              "\"; there are: " + (items.empty() ? "none yet" : names_of(items)) + "; " + advice);
}

// The database's own words for a name that it does not take would show a regular expression.
template <class Work>
auto with_name_checked(const std::string& name, Work&& work) {
  try {
    return work();
  } catch (const core::PostgresError& error) {
    if (error.sqlstate() != "23514") throw;
    throw Error("\"" + name +
                "\" cannot be a name; allowed: letters without accents, digits, . _ -, at most 63, "
                "beginning with a letter or digit (the label is free)");
  }
}

} // namespace

std::vector<Fund> list_funds(Postgres& database) {
  std::vector<Fund> funds;
  const auto rows = database.query("SELECT f.name, f.label, f.award, f.calendar, c.first_month "
                                   "FROM ledger.fund f "
                                   "JOIN ledger.fiscal_calendar c ON c.name = f.calendar "
                                   "ORDER BY f.name");
  for (const auto& row : rows) {
    funds.push_back({row.text("name"), row.text("label"), row.text("award"), row.text("calendar"),
                     static_cast<unsigned>(row.integer("first_month"))});
  }
  return funds;
}

std::vector<CatalogueItem> list_services(Postgres& database) {
  return read_items(database, "SELECT name, label AS label_fr, label AS label_en "
                              "FROM ledger.service ORDER BY name");
}

std::vector<CatalogueItem> list_activities(Postgres& database) {
  return read_items(database, "SELECT name, label_fr, label_en FROM ledger.activity ORDER BY name");
}

std::vector<CatalogueItem> list_vendors(Postgres& database) {
  return read_items(database, "SELECT name, label AS label_fr, label AS label_en "
                              "FROM ledger.vendor ORDER BY name");
}

std::vector<CatalogueItem> list_categories(Postgres& database) {
  return read_items(database,
                    "SELECT name, label_fr, label_en FROM ledger.budget_category ORDER BY name");
}

std::vector<std::pair<std::string, unsigned>> list_calendars(Postgres& database) {
  std::vector<std::pair<std::string, unsigned>> calendars;
  for (const auto& row :
       database.query("SELECT name, first_month FROM ledger.fiscal_calendar ORDER BY name")) {
    calendars.emplace_back(row.text("name"), static_cast<unsigned>(row.integer("first_month")));
  }
  return calendars;
}

Fund require_fund(Postgres& database, const std::optional<std::string>& name) {
  const auto funds = list_funds(database);
  if (funds.empty()) {
    throw Error("the ledger has no fund yet; make one with its budget: "
                "intendance budget set --fund F-1234 --year 2026 --amount 24000");
  }
  if (!name) {
    if (funds.size() == 1) return funds.front();
    throw Error("there are several funds; choose one with --fund: " + names_of(funds));
  }
  const auto found = std::find_if(funds.begin(), funds.end(),
                                  [&](const Fund& fund) { return fund.name == *name; });
  if (found == funds.end()) {
    throw Error("there is no fund \"" + *name + "\"; there are: " + names_of(funds));
  }
  return *found;
}

void add_fund(Postgres& database, const std::string& name, const std::string& calendar,
              const std::optional<std::string>& label, const std::optional<std::string>& award) {
  std::string allowed;
  bool known = false;
  for (const auto& there : list_calendars(database)) {
    allowed += (allowed.empty() ? "" : " · ") + there.first;
    known = known || there.first == calendar;
  }
  if (!known) {
    throw Error("there is no fiscal calendar \"" + calendar + "\"; there are: " + allowed);
  }
  with_name_checked(name, [&] {
    database.query("INSERT INTO ledger.fund (name, label, award, calendar) "
                   "VALUES ($1, coalesce($2, ''), coalesce($3, ''), $4) ON CONFLICT DO NOTHING",
                   name, label, award, calendar);
  });
  const auto there = require_fund(database, name);
  if (there.calendar != calendar) {
    throw Error("the fund \"" + name + "\" follows the calendar " + there.calendar + ", not " +
                calendar + ", and its years cannot change; make another fund");
  }
  if (label) database.query("UPDATE ledger.fund SET label = $2 WHERE name = $1", name, *label);
  if (award) database.query("UPDATE ledger.fund SET award = $2 WHERE name = $1", name, *award);
}

bool add_service(Postgres& database, const std::string& name, const std::string& label) {
  return with_name_checked(name, [&] {
    return database
               .query("INSERT INTO ledger.service (name, label) VALUES ($1, $2) "
                      "ON CONFLICT DO NOTHING",
                      name, label)
               .affected() > 0;
  });
}

bool add_activity(Postgres& database, const CatalogueItem& activity) {
  return with_name_checked(activity.name, [&] {
    return database
               .query("INSERT INTO ledger.activity (name, label_fr, label_en) "
                      "VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                      activity.name, activity.label_french, activity.label_english)
               .affected() > 0;
  });
}

bool add_vendor(Postgres& database, const std::string& name, const std::string& label) {
  return with_name_checked(name, [&] {
    return database
               .query("INSERT INTO ledger.vendor (name, label) VALUES ($1, $2) "
                      "ON CONFLICT DO NOTHING",
                      name, label)
               .affected() > 0;
  });
}

CatalogueItem require_activity(Postgres& database, const std::string& name) {
  return require_item(list_activities(database), "activity", name,
                      "add one with: intendance activity add NAME --label-fr … --label-en …");
}

CatalogueItem require_category(Postgres& database, const std::string& name) {
  return require_item(list_categories(database), "line of budgets", name,
                      "an administrator adds more");
}

CatalogueItem require_service(Postgres& database, const std::string& name) {
  return require_item(list_services(database), "service", name,
                      "add it with: intendance service add " + name);
}

CatalogueItem require_vendor(Postgres& database, const std::string& name) {
  return require_item(list_vendors(database), "vendor", name,
                      "add it with: intendance vendor add " + name);
}

} // namespace intendance::billing
