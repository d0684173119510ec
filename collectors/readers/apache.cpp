// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/apache.hpp"

#include "collectors/host/text.hpp"
#include "collectors/readers/page_reader.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>

namespace intendance::collectors {

namespace {

using Fields = std::map<std::string_view, std::string_view>;

Fields fields_of(std::string_view page) {
  Fields fields;
  while (auto line = next_line(page)) {
    if (line->ends_with('\r')) line->remove_suffix(1);
    const auto colon = line->find(": ");
    if (colon != std::string_view::npos)
      fields.emplace(line->substr(0, colon), line->substr(colon + 2));
  }
  return fields;
}

std::optional<double> figure(const Fields& fields, std::string_view key) {
  const auto field = fields.find(key);
  if (field == fields.end()) return std::nullopt;
  return parse_decimal(field->second, key);
}

struct Part {
  std::string_view key, label;
};

struct Known {
  prometheus::MetricType type;
  std::string_view name, help;
  std::string_view label; // of its parts; empty: the only part has none
  std::vector<Part> parts;
};

constexpr auto counter = prometheus::MetricType::Counter;
constexpr auto gauge = prometheus::MetricType::Gauge;

const std::vector<Known> known = {
    {counter, "apache_accesses_total", "Requests.", "", {{"Total Accesses", ""}}},
    {counter, "apache_sent_kilobytes_total", "Kilobytes sent.", "", {{"Total kBytes", ""}}},
    {counter,
     "apache_duration_ms_total",
     "Milliseconds of all requests.",
     "",
     {{"Total Duration", ""}}},
    {counter, "apache_uptime_seconds_total", "Seconds since Apache started.", "", {{"Uptime", ""}}},
    {gauge,
     "apache_cpuload",
     "Percentage of a processor used since it started.",
     "",
     {{"CPULoad", ""}}},
    {gauge,
     "apache_workers",
     "Workers that answer, and that wait for a request.",
     "state",
     {{"BusyWorkers", "busy"}, {"IdleWorkers", "idle"}}},
    {gauge,
     "apache_processes",
     "Processes, and those that are stopping.",
     "state",
     {{"Processes", "all"}, {"Stopping", "stopping"}}},
    {gauge,
     "apache_connections",
     "Connections, of the MPM event.",
     "state",
     {{"ConnsTotal", "total"},
      {"ConnsAsyncWriting", "writing"},
      {"ConnsAsyncKeepAlive", "keepalive"},
      {"ConnsAsyncClosing", "closing"}}},
    {gauge,
     "apache_generation",
     "How often it was told to restart, and did.",
     "type",
     {{"ParentServerConfigGeneration", "config"}, {"ParentServerMPMGeneration", "mpm"}}},
    {gauge,
     "apache_load",
     "The machine's load.",
     "interval",
     {{"Load1", "1min"}, {"Load5", "5min"}, {"Load15", "15min"}}},
};

// What each worker does: a character each.
prometheus::MetricFamily scoreboard(std::string_view text) {
  struct State {
    char character;
    const char* name;
  };
  constexpr std::array<State, 11> states = {{{'_', "idle"},
                                             {'S', "startup"},
                                             {'R', "read"},
                                             {'W', "reply"},
                                             {'K', "keepalive"},
                                             {'D', "dns"},
                                             {'C', "closing"},
                                             {'L', "logging"},
                                             {'G', "graceful_stop"},
                                             {'I', "idle_cleanup"},
                                             {'.', "open_slot"}}};
  auto family = gauge_family("apache_scoreboard", "Workers in each state.");
  for (const auto& state : states)
    add_sample(family, static_cast<double>(std::count(text.begin(), text.end(), state.character)),
               {{"state", state.name}});
  return family;
}

// Both times are of the parent and of its children that have ended.
void add_processor_time(Families& families, const Fields& fields) {
  auto family = counter_family("apache_cpu_time_ms_total", "Milliseconds of processor time.");
  const std::pair<const char*, std::array<const char*, 2>> kinds[] = {
      {"user", {"CPUUser", "CPUChildrenUser"}}, {"system", {"CPUSystem", "CPUChildrenSystem"}}};
  for (const auto& [kind, keys] : kinds) {
    const auto own = figure(fields, keys[0]);
    const auto children = figure(fields, keys[1]);
    if (own || children)
      add_sample(family, 1000 * (own.value_or(0) + children.value_or(0)), {{"type", kind}});
  }
  families.push_back(std::move(family));
}

} // namespace

Families parse_apache_status(std::string_view page) {
  const auto fields = fields_of(page);
  const auto board = fields.find("Scoreboard");
  if (board == fields.end())
    throw core::CorruptData("has no Scoreboard, as /server-status?auto has; let url end in ?auto");
  Families families;
  for (const auto& each : known) {
    prometheus::MetricFamily family{std::string(each.name), std::string(each.help), each.type, {}};
    for (const auto& part : each.parts) {
      Labels labels;
      if (!each.label.empty()) labels.push_back({std::string(each.label), std::string(part.label)});
      if (const auto value = figure(fields, part.key))
        add_sample(family, *value, std::move(labels));
    }
    families.push_back(std::move(family));
  }
  add_processor_time(families, fields);
  families.push_back(scoreboard(board->second));
  const auto text_of = [&](std::string_view key) {
    const auto field = fields.find(key);
    return field == fields.end() ? std::string() : std::string(field->second);
  };
  auto info = gauge_family("apache_info", "Which version Apache is.");
  add_sample(info, 1, {{"version", text_of("ServerVersion")}, {"mpm", text_of("ServerMPM")}});
  families.push_back(std::move(info));
  return families;
}

MakeReader apache_reader(core::ConfigTable& table) {
  return page_reader(read_page_address(table), parse_apache_status);
}

} // namespace intendance::collectors
