// SPDX-License-Identifier: AGPL-3.0-or-later
// The configuration file: /etc/intendance/intendance.toml and conf.d/*.toml beside it, as one
// document. Each room reads its own tables into its own struct and calls finish(), so that a key
// that nobody knows is an error. Every message starts with file:line:column and says what is
// allowed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::core {

// One table of the file. Each getter marks its key as known; finish() refuses the rest. All throw
// ConfigError. Cheap to copy; valid as long as its ConfigDocument.
class ConfigTable {
public:
  bool has(std::string_view key) const;

  std::string text(std::string_view key);                            // required
  std::string text(std::string_view key, std::string_view fallback); // optional
  std::optional<std::string> optional_text(std::string_view key);
  std::string choice(std::string_view key, std::initializer_list<std::string_view> allowed,
                     std::string_view fallback);
  std::int64_t integer(std::string_view key, std::int64_t fallback, std::int64_t least,
                       std::int64_t most);
  // An array of integers, each in range; absent: empty.
  std::vector<std::int64_t> integers(std::string_view key, std::int64_t least, std::int64_t most);
  bool boolean(std::string_view key, bool fallback);
  // "30s", "15m", "6h", "7d"; throws when not positive.
  std::chrono::seconds duration(std::string_view key, std::chrono::seconds fallback);
  // An absolute path; or a relative one, which names a systemd credential when there is one of that
  // name, and else a file beside the one that holds it.
  std::filesystem::path path(std::string_view key);
  std::optional<std::filesystem::path> optional_path(std::string_view key);
  std::vector<std::string> texts(std::string_view key);  // absent: empty
  std::vector<ConfigTable> tables(std::string_view key); // array of tables; absent: empty
  std::optional<ConfigTable> table(std::string_view key);
  std::vector<std::pair<std::string, ConfigTable>> named_tables(); // every key a table
  std::vector<std::pair<std::string, std::string>> named_texts();  // every key a text

  // Converts a text by `parse`, whose Error becomes a ConfigError at the key's place.
  template <class Parse>
  auto parsed(std::string_view key, const std::string& value, Parse&& parse);

  // Refuses keys that no getter asked for.
  void finish() const;

  // Throws ConfigError at the place of `key`: "FILE:LINE:COLUMN: [section] KEY = …: MESSAGE".
  [[noreturn]] void fail(std::string_view key, const std::string& message) const;
  // "/etc/intendance/intendance.toml:31", for messages elsewhere that point back.
  std::string place() const;

private:
  friend class ConfigDocument;
  friend ConfigTable load_config_table(const std::filesystem::path& file);
  struct Node;
  static ConfigTable of_text(std::string_view text, const std::filesystem::path& name);
  explicit ConfigTable(std::shared_ptr<Node> node) : node_(std::move(node)) {}
  // A table inside this one, with the name that messages show.
  ConfigTable child(const void* table, const std::string& name) const;
  std::shared_ptr<Node> node_;
};

class ConfigDocument {
public:
  static std::filesystem::path default_file() { return "/etc/intendance/intendance.toml"; }

  // Reads the file and conf.d/*.toml beside it, in the order of their names. A table that stands in
  // two files is an error that names both; arrays of tables are joined. A name that no room has at
  // the top level is an error. Throws ConfigError.
  static ConfigDocument load(const std::filesystem::path& file);
  // One text as if it were a file of that name.
  static ConfigDocument parse(std::string_view text, const std::filesystem::path& name);

  std::optional<ConfigTable> table(std::string_view name) const; // [name]
  std::vector<ConfigTable> tables(std::string_view name) const;  // [[name]], over all files
  // [name.*], over all files; a name that stands twice is an error.
  std::vector<std::pair<std::string, ConfigTable>> named_tables(std::string_view name) const;
  const std::filesystem::path& file() const { return file_; }
  // [machine] name, or else the host name.
  std::string machine_name() const;

private:
  void check_top_level() const;
  std::filesystem::path file_;
  std::vector<ConfigTable> parts_; // one a file
};

// A TOML file that stands by itself (a service's profile, a credentials file): its root table, in
// which any key may stand. Throws ConfigError.
ConfigTable load_config_table(const std::filesystem::path& file);

template <class Parse>
auto ConfigTable::parsed(std::string_view key, const std::string& value, Parse&& parse) {
  try {
    return parse(value);
  } catch (const std::exception& error) {
    fail(key, error.what());
  }
}

} // namespace intendance::core
