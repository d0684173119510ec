// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/readers/puppet.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"
#include "core/file.hpp"
#include "core/utf8.hpp"

#include <algorithm>
#include <map>
#include <optional>

namespace intendance::collectors {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 16; // a real one has 700

using Section = std::map<std::string, std::string>;
using Summary = std::map<std::string, Section>;

bool is_key(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
}

// What stands between quotes; nothing that Puppet writes needs an escape.
std::string scalar(std::string_view text) {
  const bool quoted = text.size() >= 2 && (text.front() == '"' || text.front() == '\'') &&
                      text.back() == text.front();
  if (quoted) text = text.substr(1, text.size() - 2);
  if (!text.empty() && !quoted &&
      std::string_view("&*!|>{[%@`\"'").find(text.front()) != std::string_view::npos)
    throw core::CorruptData("\"" + std::string(text.substr(0, 40)) + "\" is not a plain value");
  return std::string(text);
}

void read_line(Summary& summary, std::string& section, std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\r')) line.remove_suffix(1);
  if (line.empty() || line == "---" || line.front() == '#') return;
  const auto indent = std::min(line.find_first_not_of(' '), line.size());
  line.remove_prefix(indent);
  const auto colon = line.find(':');
  const auto key = line.substr(0, colon);
  if (colon == std::string_view::npos || !is_key(key))
    throw core::CorruptData("\"" + std::string(line.substr(0, 40)) + "\" is not KEY: VALUE");
  auto value = line.substr(colon + 1);
  if (!value.empty() && value.front() != ' ')
    throw core::CorruptData("no space after " + std::string(key) + ":");
  value.remove_prefix(std::min(value.find_first_not_of(' '), value.size()));
  if (indent == 0) {
    if (!value.empty())
      throw core::CorruptData(std::string(key) + " has a value where a section begins");
    section = key;
    if (!summary.try_emplace(section).second)
      throw core::CorruptData("the section " + section + " is there twice");
    return;
  }
  if (indent != 2 || section.empty())
    throw core::CorruptData("\"" + std::string(key) + "\" is not indented by two spaces");
  if (!summary[section].try_emplace(std::string(key), scalar(value)).second)
    throw core::CorruptData(section + ": " + std::string(key) + " is there twice");
}

Summary read_summary(std::string_view yaml) {
  Summary summary;
  std::string section;
  for (std::size_t number = 1; const auto line = next_line(yaml); ++number) {
    try {
      if (!core::is_utf8(*line)) throw core::CorruptData("bytes that are not UTF-8");
      read_line(summary, section, *line);
    } catch (const core::CorruptData& error) {
      throw core::CorruptData("line " + std::to_string(number) + ": " + error.what());
    }
  }
  return summary;
}

std::optional<double> figure(const Summary& summary, const char* section, const char* key) {
  const auto place = summary.find(section);
  if (place == summary.end()) return std::nullopt;
  const auto value = place->second.find(key);
  if (value == place->second.end()) return std::nullopt;
  return parse_decimal(value->second, key);
}

// Each value of a section, under a label.
void add_section(Families& families, const Summary& summary, const char* section, const char* name,
                 const char* label, const char* help) {
  const auto place = summary.find(section);
  if (place == summary.end()) return;
  auto family = gauge_family(name, help);
  for (const auto& [key, value] : place->second)
    if (key != "total" && key != "last_run")
      add_sample(family, parse_decimal(value, key), {{label, key}});
  families.push_back(std::move(family));
}

class PuppetReader : public Reader {
public:
  explicit PuppetReader(std::filesystem::path file) : file_(std::move(file)) {}

  Families read() override {
    const auto yaml = core::read_file(file_, most_bytes);
    return core::with_context(file_.string(), [&] { return parse_puppet_summary(yaml); });
  }

private:
  std::filesystem::path file_;
};

} // namespace

Families parse_puppet_summary(std::string_view yaml) {
  const auto summary = read_summary(yaml);
  const auto last_run = figure(summary, "time", "last_run");
  if (!last_run) throw core::CorruptData("has no time: last_run, as a summary of Puppet's has");
  Families families;
  const auto add = [&](const char* name, const char* help, std::optional<double> value) {
    if (!value) return;
    auto family = gauge_family(name, help);
    add_sample(family, *value);
    families.push_back(std::move(family));
  };
  const auto failed = figure(summary, "resources", "failed");
  const auto failures = figure(summary, "events", "failure");
  add("puppet_last_run_at_seconds", "When Puppet last ran, in seconds since 1970.", last_run);
  add("puppet_last_run_duration_seconds", "How long that took.", figure(summary, "time", "total"));
  // A run whose catalogue could not be had counts no resources at all.
  add("puppet_last_run_success", "Whether all of it succeeded.",
      failed && *failed == 0 && failures.value_or(0) == 0 ? 1 : 0);
  add("puppet_last_run_catalog_resources", "Resources of the catalogue.",
      figure(summary, "resources", "total"));
  add("puppet_last_run_changes", "Changes made.", figure(summary, "changes", "total"));
  add_section(families, summary, "resources", "puppet_last_run_resources", "state",
              "Resources, by what came of them.");
  add_section(families, summary, "events", "puppet_last_run_events", "result",
              "Events, by result.");
  const auto version = summary.find("version");
  if (version != summary.end()) {
    auto info = gauge_family("puppet_last_run_version_info", "Which version ran which catalogue.");
    const auto text = [&](const char* key) {
      const auto value = version->second.find(key);
      return value == version->second.end() ? std::string() : value->second;
    };
    add_sample(info, 1, {{"config", text("config")}, {"puppet", text("puppet")}});
    families.push_back(std::move(info));
  }
  return families;
}

MakeReader puppet_reader(core::ConfigTable& table) {
  const auto file =
      table.optional_path("file").value_or("/var/cache/puppet/public/last_run_summary.yaml");
  return [file] { return std::make_unique<PuppetReader>(file); };
}

} // namespace intendance::collectors
