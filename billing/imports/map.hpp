// SPDX-License-Identifier: AGPL-3.0-or-later
// The file beside an import that says what its names mean (docs/operations.md shows one).
#pragma once

#include "billing/imports/cells.hpp"

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace intendance::billing {

// Names of the file and those of the ledger. A table that is there holds every name that may occur.
using NameMap = std::map<std::string, std::string>;

struct ImportMap {
  std::map<std::string, std::string> columns; // what: under which heading
  NameMap services;
  NameMap activities;
  std::optional<NameMap> people;
  NameMap engagements; // of an issue, or of all work of a service of the file
  std::optional<DayOrder> days;
  std::optional<std::string> service; // of rows that say none
  std::optional<std::string> activity;
  std::optional<std::string> person;
  std::optional<std::string> fund;
  std::optional<std::string> vendor;
  std::string name; // of the file, for messages
};

// Throws ConfigError that names file, line and key.
ImportMap read_import_map(const std::filesystem::path& file);

} // namespace intendance::billing
