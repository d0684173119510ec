// SPDX-License-Identifier: AGPL-3.0-or-later
// PostgreSQL's statistics, under postgres_exporter's names. Its pg_settings_* are the few that
// dashboards set beside the other figures.
#pragma once

#include "collectors/readers/reader.hpp"

#include <optional>
#include <string_view>

namespace intendance::collectors {

// database = "postgresql:///postgres?host=/run/postgresql", for a role that is in pg_monitor.
MakeReader postgresql_reader(core::ConfigTable& table);

// "8kB" → 8192, "s" → 1; empty, or a unit that we don't know: nothing.
struct SettingUnit {
  double factor;
  std::string_view suffix; // of the metric's name
};
std::optional<SettingUnit> setting_unit(std::string_view unit);

} // namespace intendance::collectors
