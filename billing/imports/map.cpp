// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/imports/map.hpp"

#include "core/config.hpp"

namespace intendance::billing {
namespace {

std::optional<NameMap> names_of(core::ConfigTable& root, std::string_view key) {
  auto table = root.table(key);
  if (!table) return std::nullopt;
  NameMap names;
  for (auto& [name, meaning] : table->named_texts()) names.emplace(name, meaning);
  return names;
}

void read_columns(core::ConfigTable& root, ImportMap& map) {
  auto table = root.table("columns");
  if (!table) return;
  for (const std::string what :
       {"id", "day", "person", "activity", "service", "issue", "description", "hours", "minutes",
        "created", "engagement", "fund"}) {
    if (const auto heading = table->optional_text(what)) map.columns.emplace(what, *heading);
  }
  table->finish();
}

} // namespace

ImportMap read_import_map(const std::filesystem::path& file) {
  ImportMap map;
  map.name = file.string();
  auto root = core::load_config_table(file);
  read_columns(root, map);
  map.services = names_of(root, "services").value_or(NameMap());
  map.activities = names_of(root, "activities").value_or(NameMap());
  map.people = names_of(root, "people");
  map.engagements = names_of(root, "engagements").value_or(NameMap());
  const auto days = root.choice("days", {"as written", "day first", "month first"}, "as written");
  if (days == "day first") map.days = DayOrder::day_first;
  if (days == "month first") map.days = DayOrder::month_first;
  map.service = root.optional_text("service");
  map.activity = root.optional_text("activity");
  map.person = root.optional_text("person");
  map.fund = root.optional_text("fund");
  map.vendor = root.optional_text("vendor");
  root.finish();
  return map;
}

} // namespace intendance::billing
