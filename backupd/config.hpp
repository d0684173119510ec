// SPDX-License-Identifier: AGPL-3.0-or-later
// [backupd], [repository.NAME], [[job]] and, on the hub, [[care]].
#pragma once

#include "backupd/priority.hpp"
#include "backupd/schedule/retention.hpp"
#include "core/calendar.hpp"
#include "core/config.hpp"
#include "storage/limited_store.hpp"
#include "storage/open_store.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

struct RepositoryConfig {
  std::string name;
  std::string url;
  std::filesystem::path keys;
  std::filesystem::path credentials_file = {}; // empty: none
  storage::BandwidthLimits limits = {};
};

struct JobConfig {
  std::string name;                       // of [a-z0-9._-]
  RepositoryConfig repository;            // with the limits of this job
  std::optional<core::Schedule> schedule; // none: only by hand
  std::vector<std::filesystem::path> paths;
  std::vector<std::string> exclude;    // see engine/exclude.hpp
  std::vector<std::string> postgresql; // addresses of databases to dump
  bool one_file_system = false;
  bool exclude_caches = false; // folders with a CACHEDIR.TAG
};

// Where the newest snapshot of each job goes as plain sealed files, and when.
struct ArchiveConfig {
  std::string name; // [archive.NAME]
  std::string url;
  std::filesystem::path credentials_file = {}; // empty: none
  core::Schedule every;
  std::uint64_t part = 0;                 // bytes
  std::optional<std::uint64_t> keep = {}; // archives of a job; none: all
};

// What the hub does for the snapshots of one repository.
struct CareConfig {
  RepositoryConfig repository;               // of [a-zA-Z0-9._-]
  std::optional<KeepPolicy> keep;            // none: every snapshot is kept
  core::Schedule prune;                      // of forgetting, and of pruning after it
  std::optional<std::chrono::seconds> grace; // of the prune; none: the repository's own
  std::optional<core::Schedule> verify;      // none: only by hand
  std::optional<ArchiveConfig> archive;      // none: none are made
  std::vector<std::string> not_yet;          // keys that are checked, and nothing is done about
};

struct Config {
  std::string machine;
  std::string listen;
  std::optional<std::filesystem::path> token_file;
  Priority priority; // of what runs by schedule
  std::vector<JobConfig> jobs;
  std::vector<CareConfig> care;
};

// Throws ConfigError with the place.
std::vector<RepositoryConfig> read_repositories(const core::ConfigDocument& document);
std::vector<JobConfig> read_jobs(const core::ConfigDocument& document);
// Whether the keys that care needs are looked for. Folders that may not be read are not.
enum class KeyCheck { none, look };
// `drill` is checked, and nothing is done about it yet.
std::vector<CareConfig> read_care(const core::ConfigDocument& document,
                                  KeyCheck keys = KeyCheck::none);
// Of [backupd], or the usual one.
Priority read_priority(const core::ConfigDocument& document);
Config read_config(const core::ConfigDocument& document);

// The store of a repository, within its limits; waiting for them ends when `stop` is requested.
// What is asked of it is counted under the repository's name, where there are meters.
std::unique_ptr<storage::ObjectStore> open_store(const RepositoryConfig& repository,
                                                 std::stop_token stop,
                                                 storage::StoreMeters* meters = nullptr);
// "5MB/s", or "none". Throws ConfigError.
std::optional<std::uint64_t> parse_limit(const std::string& text);

// For `intendance config check`: throws where read_config() would, of what is there.
void check_config(const core::ConfigDocument& document);

} // namespace intendance::backupd
