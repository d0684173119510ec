// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/posting.hpp"

#include "billing/ledger/closing.hpp"
#include "billing/ledger/parameters.hpp"
#include "billing/ledger/uuid.hpp"
#include "core/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::billing {
namespace {

using core::Postgres;
using Json = nlohmann::json;

constexpr std::size_t batch = 1000; // rows of one statement

std::vector<RememberedItem> remembered_items(Postgres& database, const std::string& source) {
  std::vector<RememberedItem> items;
  const auto rows = database.query(
      "SELECT s.external_id, encode(s.fingerprint, 'hex') AS fingerprint, s.entry_id, c.versions, "
      "e.number, e.worked_on, r.entry_id IS NOT NULL AS taken_back "
      "FROM ledger.import_state s "
      "JOIN (SELECT external_id, count(*) AS versions FROM ledger.import_item WHERE source = $1 "
      "      GROUP BY external_id) c ON c.external_id = s.external_id "
      "LEFT JOIN ledger.entry e ON e.entry_id = s.entry_id "
      "LEFT JOIN ledger.entry r ON r.reverses = s.entry_id "
      "WHERE s.source = $1 ORDER BY s.external_id::text COLLATE \"C\"",
      source);
  for (const auto& row : rows) {
    RememberedItem item;
    item.external_id = row.text("external_id");
    item.fingerprint = row.text("fingerprint");
    item.versions = row.integer("versions");
    item.entry_id = row.optional_text("entry_id");
    item.number = row.optional_integer("number");
    item.worked_on = optional_date(row, "worked_on");
    item.taken_back = row.boolean("taken_back");
    items.push_back(std::move(item));
  }
  return items;
}

// Runs the statement on so many rows at a time; $1 is an array of objects. Returns how many rows
// were added in all.
std::size_t insert_all(Postgres& database, const std::string& sql, const Json& rows) {
  std::size_t added = 0;
  for (std::size_t from = 0; from < rows.size(); from += batch) {
    Json part = Json::array();
    for (std::size_t index = from; index < std::min(from + batch, rows.size()); ++index) {
      auto row = rows[index];
      row["place"] = index;
      part.push_back(std::move(row));
    }
    added += static_cast<std::size_t>(database.query(sql, part.dump()).affected());
  }
  return added;
}

void reverse_all(Postgres& database, ImportResult& result, const ImportWords& words) {
  Json rows = Json::array();
  const auto reverse = [&](const RememberedItem& item, const std::string& why) {
    if (item.taken_back) return; // by hand, already
    rows.push_back({{"id", derived_uuid("intendance import reversal 1 " + *item.entry_id)},
                    {"reverses", *item.entry_id},
                    {"why", why}});
    result.reversed.push_back(*item.number);
  };
  for (const auto& changed : result.plan.changed) reverse(*changed.before, words.changed);
  for (const auto& vanished : result.plan.vanished) reverse(vanished, words.vanished);
  const auto added =
      insert_all(database,
                 "INSERT INTO ledger.entry (entry_id, reverses, description) "
                 "SELECT id, reverses, why FROM jsonb_to_recordset($1::jsonb) "
                 "AS r(place integer, id uuid, reverses uuid, why text) ORDER BY place",
                 rows);
  if (added != rows.size()) throw core::CorruptData("a reversal of this import stands already");
}

void add_all(Postgres& database, const ImportPlan& plan) {
  Json rows = Json::array();
  for (const auto* part : {&plan.added, &plan.changed}) {
    for (const auto& imported : *part) {
      const auto& entry = imported.entry;
      rows.push_back({{"id", entry.id},
                      {"minutes", entry.work.count()},
                      {"day", core::format_date(entry.worked_on)},
                      {"fund", entry.fund},
                      {"vendor", entry.vendor},
                      {"activity", entry.activity},
                      {"service", entry.service},
                      {"person", entry.person},
                      {"description", entry.description},
                      {"engagement", entry.engagement ? Json(*entry.engagement) : Json(nullptr)}});
    }
  }
  const auto added = insert_all(
      database,
      "INSERT INTO ledger.entry (entry_id, minutes, worked_on, fund, vendor, activity, service, "
      "person, description, engagement) SELECT id, minutes, day, fund, vendor, activity, service, "
      "person, description, engagement FROM jsonb_to_recordset($1::jsonb) AS r(place integer, "
      "id uuid, minutes integer, day date, fund text, vendor text, activity text, service text, "
      "person text, description text, engagement text) ORDER BY place",
      rows);
  if (added != rows.size()) throw core::CorruptData("an entry of this import stands already");
}

void remember_all(Postgres& database, const std::string& source, const ImportPlan& plan) {
  database.query("INSERT INTO ledger.import_source (name) VALUES ($1) ON CONFLICT DO NOTHING",
                 source);
  Json rows = Json::array();
  const auto remember = [&](const std::string& id, const std::string& print, const Json& entry) {
    rows.push_back({{"source", source}, {"id", id}, {"print", print}, {"entry", entry}});
  };
  for (const auto* part : {&plan.added, &plan.changed}) {
    for (const auto& imported : *part) {
      remember(imported.external_id, imported.fingerprint, imported.entry.id);
    }
  }
  for (const auto& item : plan.vanished) remember(item.external_id, item.fingerprint, nullptr);
  insert_all(database,
             "INSERT INTO ledger.import_item (source, external_id, fingerprint, entry_id) "
             "SELECT source, id, decode(print, 'hex'), entry FROM jsonb_to_recordset($1::jsonb) "
             "AS r(place integer, source text, id text, print text, entry uuid) ORDER BY place",
             rows);
}

std::size_t count_late(Postgres& database, const ImportPlan& plan) {
  const auto open = first_open_day(database);
  std::size_t late = 0;
  for (const auto* part : {&plan.added, &plan.changed}) {
    for (const auto& imported : *part) late += open && imported.entry.worked_on < *open ? 1 : 0;
  }
  return late;
}

} // namespace

ImportResult import_timesheet(Postgres& database, const std::string& source,
                              const std::vector<TimesheetRow>& rows, Period scope,
                              const ImportWords& words) {
  core::Transaction transaction(database);
  database.query("SELECT ledger.lock_postings()");
  ImportResult result;
  result.plan = plan_import(source, rows, remembered_items(database, source), scope);
  result.late = count_late(database, result.plan);
  if (!result.plan.empty()) {
    reverse_all(database, result, words);
    add_all(database, result.plan);
    remember_all(database, source, result.plan);
  }
  transaction.commit();
  return result;
}

} // namespace intendance::billing
