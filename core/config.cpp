// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/config.hpp"

#include "core/error.hpp"
#include "core/file.hpp"
#include "core/secret.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <toml++/toml.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>

namespace intendance::core {

namespace {

// Every name that may stand at the top level; each table itself belongs to the room that reads it.
constexpr std::array<std::string_view, 11> top_level = {
    "machine", "collectord", "service", "reader",   "backupd", "repository",
    "job",     "care",       "archive", "billingd", "webd"};

constexpr std::size_t longest_file = std::size_t{1} << 20;

std::string place_of(const std::filesystem::path& file, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", file.string(), region.begin.line, region.begin.column);
}

std::string_view type_name(toml::node_type type) {
  switch (type) {
  case toml::node_type::string: return "a text";
  case toml::node_type::integer: return "an integer";
  case toml::node_type::floating_point: return "a number with a point";
  case toml::node_type::boolean: return "true or false";
  case toml::node_type::array: return "an array";
  case toml::node_type::table: return "a table";
  default: return "a date or time";
  }
}

std::chrono::seconds parse_duration(std::string_view text) {
  std::int64_t count = 0;
  const auto end = text.data() + text.size();
  const auto result = std::from_chars(text.data(), end, count);
  if (result.ec == std::errc() && result.ptr + 1 == end && count > 0 && count < 1'000'000) {
    switch (*result.ptr) {
    case 's': return std::chrono::seconds(count);
    case 'm': return std::chrono::minutes(count);
    case 'h': return std::chrono::hours(count);
    case 'd': return std::chrono::days(count);
    }
  }
  throw Error(
      "is not a duration\n  allowed: a whole number and s, m, h or d, as \"30s\" or \"7d\"");
}

} // namespace

struct ConfigTable::Node {
  std::shared_ptr<const toml::table> root; // keeps what `table` points into
  const toml::table* table = nullptr;
  std::filesystem::path file;
  std::string name; // "[webd]"; empty at the root
  std::set<std::string, std::less<>> known;

  const toml::node* find(std::string_view key) {
    known.emplace(key);
    return table->get(key);
  }
};

ConfigTable ConfigTable::child(const void* table, const std::string& name) const {
  auto node = std::make_shared<Node>();
  node->root = node_->root;
  node->table = static_cast<const toml::table*>(table);
  node->file = node_->file;
  node->name = name;
  return ConfigTable(std::move(node));
}

ConfigTable ConfigTable::of_text(std::string_view text, const std::filesystem::path& name) {
  try {
    auto root = std::make_shared<const toml::table>(toml::parse(text, name.string()));
    auto node = std::make_shared<Node>();
    node->table = root.get();
    node->root = std::move(root);
    node->file = name;
    return ConfigTable(std::move(node));
  } catch (const toml::parse_error& error) {
    throw ConfigError(place_of(name, error.source()) + ": " + std::string(error.description()));
  }
}

void ConfigTable::fail(std::string_view key, const std::string& message) const {
  const auto* found = node_->table->get(key);
  const auto& region = found == nullptr ? node_->table->source() : found->source();
  const auto section = node_->name.empty() ? std::string() : node_->name + " ";
  std::string value;
  if (found != nullptr && found->is_string()) value = " = \"" + found->ref<std::string>() + "\"";
  if (found != nullptr && found->is_integer()) {
    value = " = " + std::to_string(found->ref<std::int64_t>());
  }
  throw ConfigError(
      fmt::format("{}: {}{}{}: {}", place_of(node_->file, region), section, key, value, message));
}

std::string ConfigTable::place() const {
  return fmt::format("{}:{}", node_->file.string(), node_->table->source().begin.line);
}

bool ConfigTable::has(std::string_view key) const { return node_->table->contains(key); }

std::optional<std::string> ConfigTable::optional_text(std::string_view key) {
  const auto* found = node_->find(key);
  if (found == nullptr) return std::nullopt;
  if (!found->is_string())
    fail(key, fmt::format("is {}; a text is wanted", type_name(found->type())));
  auto value = found->ref<std::string>();
  if (value.empty()) fail(key, "is empty; leave the key out, or give it a value");
  return value;
}

std::string ConfigTable::text(std::string_view key) {
  auto value = optional_text(key);
  if (!value) fail(key, "is missing");
  return *value;
}

std::string ConfigTable::text(std::string_view key, std::string_view fallback) {
  return optional_text(key).value_or(std::string(fallback));
}

std::string ConfigTable::choice(std::string_view key,
                                std::initializer_list<std::string_view> allowed,
                                std::string_view fallback) {
  auto value = text(key, fallback);
  if (std::find(allowed.begin(), allowed.end(), value) == allowed.end()) {
    fail(key, fmt::format("is not known here\n  allowed: {}", fmt::join(allowed, " · ")));
  }
  return value;
}

std::int64_t ConfigTable::integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                                  std::int64_t most) {
  const auto* found = node_->find(key);
  if (found == nullptr) return fallback;
  if (!found->is_integer()) {
    fail(key, fmt::format("is {}; an integer is wanted", type_name(found->type())));
  }
  const auto value = found->ref<std::int64_t>();
  if (value < least || value > most) {
    fail(key, fmt::format("is out of range\n  allowed: {} to {}", least, most));
  }
  return value;
}

std::vector<std::int64_t> ConfigTable::integers(std::string_view key, std::int64_t least,
                                                std::int64_t most) {
  const auto* found = node_->find(key);
  std::vector<std::int64_t> values;
  if (found == nullptr) return values;
  const auto* array = found->as_array();
  if (array == nullptr)
    fail(key, fmt::format("is {}; an array of integers is wanted", type_name(found->type())));
  for (const auto& element : *array) {
    if (!element.is_integer()) {
      fail(key, fmt::format("holds {}; an array of integers is wanted", type_name(element.type())));
    }
    const auto value = element.ref<std::int64_t>();
    if (value < least || value > most)
      fail(key, fmt::format("holds {}\n  allowed: {} to {}", value, least, most));
    values.push_back(value);
  }
  return values;
}

bool ConfigTable::boolean(std::string_view key, bool fallback) {
  const auto* found = node_->find(key);
  if (found == nullptr) return fallback;
  if (!found->is_boolean()) {
    fail(key, fmt::format("is {}; true or false is wanted", type_name(found->type())));
  }
  return found->ref<bool>();
}

std::chrono::seconds ConfigTable::duration(std::string_view key, std::chrono::seconds fallback) {
  const auto value = optional_text(key);
  return value ? parsed(key, *value, parse_duration) : fallback;
}

std::optional<std::filesystem::path> ConfigTable::optional_path(std::string_view key) {
  const auto value = optional_text(key);
  if (!value) return std::nullopt;
  const std::filesystem::path path(*value);
  if (path.is_absolute()) return path;
  if (auto credential = find_credential(path)) return credential;
  return node_->file.parent_path() / path;
}

std::filesystem::path ConfigTable::path(std::string_view key) {
  auto value = optional_path(key);
  if (!value) fail(key, "is missing");
  return *value;
}

std::vector<std::string> ConfigTable::texts(std::string_view key) {
  const auto* found = node_->find(key);
  std::vector<std::string> values;
  if (found == nullptr) return values;
  const auto* array = found->as_array();
  if (array == nullptr)
    fail(key, fmt::format("is {}; an array of texts is wanted", type_name(found->type())));
  for (const auto& element : *array) {
    if (!element.is_string())
      fail(key, fmt::format("holds {}; an array of texts is wanted", type_name(element.type())));
    values.push_back(element.ref<std::string>());
  }
  return values;
}

std::vector<ConfigTable> ConfigTable::tables(std::string_view key) {
  const auto* found = node_->find(key);
  std::vector<ConfigTable> children;
  if (found == nullptr) return children;
  const auto* array = found->as_array();
  const auto name =
      node_->name.empty() ? fmt::format("[[{}]]", key) : fmt::format("{} {}", node_->name, key);
  if (array == nullptr)
    fail(key, fmt::format("is {}; {} is an array of tables", type_name(found->type()), name));
  for (const auto& element : *array) {
    if (!element.is_table())
      fail(key, fmt::format("holds {}; {} is an array of tables", type_name(element.type()), name));
    children.push_back(child(element.as_table(), name));
  }
  return children;
}

std::optional<ConfigTable> ConfigTable::table(std::string_view key) {
  const auto* found = node_->find(key);
  if (found == nullptr) return std::nullopt;
  const auto name =
      node_->name.empty() ? fmt::format("[{}]", key) : fmt::format("{} {}", node_->name, key);
  if (!found->is_table())
    fail(key, fmt::format("is {}; a table is wanted", type_name(found->type())));
  return child(found->as_table(), name);
}

std::vector<std::pair<std::string, ConfigTable>> ConfigTable::named_tables() {
  std::vector<std::pair<std::string, ConfigTable>> children;
  for (const auto& [key, value] : *node_->table) {
    const std::string name(key.str());
    node_->known.insert(name);
    if (!value.is_table())
      fail(name, fmt::format("is {}; a table is wanted", type_name(value.type())));
    auto shown = node_->name;
    if (!shown.empty() && shown.back() == ']') shown.pop_back();
    children.emplace_back(name, child(value.as_table(), fmt::format("{}.{}]", shown, name)));
  }
  return children;
}

std::vector<std::pair<std::string, std::string>> ConfigTable::named_texts() {
  std::vector<std::pair<std::string, std::string>> values;
  for (const auto& [key, value] : *node_->table) values.emplace_back(key.str(), text(key.str()));
  return values;
}

void ConfigTable::finish() const {
  for (const auto& [key, value] : *node_->table) {
    if (node_->known.contains(key.str())) continue;
    fail(key.str(),
         fmt::format("is not a known key\n  allowed: {}", fmt::join(node_->known, " · ")));
  }
}

ConfigTable load_config_table(const std::filesystem::path& file) {
  std::string text;
  try {
    text = read_file(file, longest_file);
  } catch (const Error& error) {
    throw ConfigError(error.what());
  }
  return ConfigTable::of_text(text, file);
}

namespace {

std::vector<std::filesystem::path> drop_ins(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".toml") found.push_back(entry.path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw ConfigError("cannot read folder " + folder.string() + ": " + error.message());
  }
  std::sort(found.begin(), found.end());
  return found;
}

} // namespace

ConfigDocument ConfigDocument::load(const std::filesystem::path& file) {
  ConfigDocument document;
  document.file_ = file;
  document.parts_.push_back(load_config_table(file));
  for (const auto& part : drop_ins(file.parent_path() / "conf.d")) {
    document.parts_.push_back(load_config_table(part));
  }
  document.check_top_level();
  return document;
}

ConfigDocument ConfigDocument::parse(std::string_view text, const std::filesystem::path& name) {
  ConfigDocument document;
  document.file_ = name;
  document.parts_.push_back(ConfigTable::of_text(text, name));
  document.check_top_level();
  return document;
}

void ConfigDocument::check_top_level() const {
  for (const auto& part : parts_) {
    for (const auto name : top_level) part.node_->known.emplace(name);
    part.finish();
  }
}

std::optional<ConfigTable> ConfigDocument::table(std::string_view name) const {
  std::optional<ConfigTable> found;
  for (auto part : parts_) {
    auto table = part.table(name);
    if (table && found) part.fail(name, "stands already at " + found->place());
    if (table) found = std::move(table);
  }
  return found;
}

std::vector<ConfigTable> ConfigDocument::tables(std::string_view name) const {
  std::vector<ConfigTable> all;
  for (auto part : parts_) {
    for (auto& table : part.tables(name)) all.push_back(std::move(table));
  }
  return all;
}

std::vector<std::pair<std::string, ConfigTable>>
ConfigDocument::named_tables(std::string_view name) const {
  std::vector<std::pair<std::string, ConfigTable>> all;
  for (auto part : parts_) {
    auto outer = part.table(name);
    if (!outer) continue;
    for (auto& [key, table] : outer->named_tables()) {
      for (const auto& [earlier, other] : all) {
        if (earlier == key) outer->fail(key, "stands already at " + other.place());
      }
      all.emplace_back(key, std::move(table));
    }
  }
  return all;
}

std::string ConfigDocument::machine_name() const {
  if (auto machine = table("machine")) {
    auto name = machine->optional_text("name");
    machine->finish();
    if (name) return *name;
  }
  char name[256] = {};
  if (::gethostname(name, sizeof(name) - 1) != 0) throw_errno("cannot read the host's name");
  return name;
}

} // namespace intendance::core
