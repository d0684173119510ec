// SPDX-License-Identifier: AGPL-3.0-or-later
// What this room reads of the configuration: [collectord], [[service]] and [[reader]].
#pragma once

#include "collectors/host/textfile.hpp"
#include "collectors/probes/profile.hpp"
#include "collectors/readers/reader.hpp"
#include "core/config.hpp"

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace intendance::collectors {

struct Service {
  std::string name; // "expositions"
  std::string kind; // a profile's
  std::string url;  // http or https, no / at its end; may be empty
  std::string host; // what else than web servers is asked: url's, or its own; may be empty
  std::optional<std::filesystem::path> root; // where its files are, for those who back them up
  std::string text;                          // that its page must contain; may be empty
  // PEM file of the authorities that may sign its certificates, in place of the system's.
  std::optional<std::filesystem::path> authorities;
  std::vector<Check> checks; // its profile's, then its own

  bool is_probed() const { return !url.empty() || !host.empty(); }
  const std::string& place() const { return url.empty() ? host : url; } // for people
};

struct CollectorConfig {
  std::string machine;
  std::string listen;                              // "127.0.0.1:9710"
  std::optional<std::filesystem::path> token_file; // required unless it listens on loopback
  std::chrono::seconds probe_interval{30};
  TextfileFolder textfiles; // where scripts leave figures
  std::vector<Service> services;
  std::vector<ReaderConfig> readers;
};

// Reads the catalogue of services too. Throws ConfigError.
CollectorConfig read_config(const core::ConfigDocument& document);

// For `intendance config check`: asks nothing of the network. Throws ConfigError.
void check_config(const core::ConfigDocument& document);

// The service of that name; throws ConfigError that lists those there are.
const Service& find_service(const CollectorConfig& config, const std::string& name);

} // namespace intendance::collectors
