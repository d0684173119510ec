// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/config.hpp"

#include "backupd/engine/exclude.hpp"
#include "backupd/sources/postgresql.hpp"
#include "core/error.hpp"
#include "core/http_server.hpp"
#include "core/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::backupd {

using core::ConfigDocument;
using core::ConfigTable;

namespace {

enum class Letters { small, both };

// The name is a file's name in the state folder, and a label of metrics.
void check_file_name(const ConfigTable& table, std::string_view key, const std::string& name,
                     Letters letters) {
  const auto allowed = [&](char each) {
    return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') ||
           (letters == Letters::both && each >= 'A' && each <= 'Z') ||
           std::string_view("._-").find(each) != std::string_view::npos;
  };
  if (!name.empty() && name.size() <= 64 && name.front() != '.' &&
      std::all_of(name.begin(), name.end(), allowed)) {
    return;
  }
  table.fail(key, fmt::format("cannot be a {}'s name\n  allowed: up to 64 of a-z {}0-9 . _ -, not "
                              "beginning with a dot",
                              letters == Letters::small ? "job" : "repository",
                              letters == Letters::small ? "" : "A-Z "));
}

// [[service]] belongs to the collectors, who check it; a job only wants its folder.
std::filesystem::path root_of_service(const ConfigDocument& document, const ConfigTable& job,
                                      const std::string& service) {
  for (auto table : document.tables("service")) {
    if (table.optional_text("name") != service) continue;
    if (auto root = table.optional_path("root")) return *root;
    job.fail("service",
             "has no root = \"…\" at " + table.place() + ", so nothing is known to back up");
  }
  job.fail("service", "is not a [[service]] of this configuration");
}

RepositoryConfig repository_of(const std::vector<RepositoryConfig>& all, ConfigTable& table) {
  const auto name = table.text("repository");
  std::string allowed;
  for (const auto& repository : all) {
    if (repository.name == name) return repository;
    allowed += (allowed.empty() ? "" : " · ") + repository.name;
  }
  table.fail("repository", "is not a [repository.NAME] of this configuration\n  allowed: " +
                               (allowed.empty() ? "none is there yet" : allowed));
}

// What is not said stays as it is.
void read_limits(ConfigTable& table, storage::BandwidthLimits& limits) {
  for (const auto& [key, limit] :
       {std::pair("limit_upload", &limits.put), std::pair("limit_download", &limits.get)}) {
    if (const auto text = table.optional_text(key)) *limit = table.parsed(key, *text, parse_limit);
  }
}

JobConfig read_job(const ConfigDocument& document,
                   const std::vector<RepositoryConfig>& repositories, ConfigTable& table) {
  JobConfig job;
  job.name = table.text("name");
  check_file_name(table, "name", job.name, Letters::small);
  job.repository = repository_of(repositories, table);
  read_limits(table, job.repository.limits);
  if (const auto schedule = table.optional_text("schedule")) {
    job.schedule = table.parsed("schedule", *schedule, core::Schedule::parse);
  }
  for (const auto& path : table.texts("paths")) {
    if (!path.starts_with('/')) table.fail("paths", "\"" + path + "\" is not an absolute path");
    job.paths.emplace_back(path);
  }
  if (const auto service = table.optional_text("service")) {
    job.paths.push_back(root_of_service(document, table, *service));
  }
  job.exclude = table.texts("exclude");
  for (const auto& pattern : job.exclude) {
    table.parsed("exclude", pattern, [](const std::string& each) { return Excludes({each}); });
  }
  job.postgresql = table.texts("postgresql");
  for (const auto& uri : job.postgresql) {
    table.parsed("postgresql", uri,
                 [](const std::string& each) { return postgresql_stream(each, {}); });
  }
  job.one_file_system = table.boolean("one_file_system", false);
  job.exclude_caches = table.boolean("exclude_caches", false);
  table.finish();
  if (job.paths.empty() && job.postgresql.empty()) {
    table.fail("paths",
               "is missing: a job needs paths, postgresql or service, or it backs up nothing");
  }
  return job;
}

Priority priority_of(ConfigTable& table) {
  const Priority usual;
  Priority priority;
  priority.nice = static_cast<int>(table.integer("nice", usual.nice, 0, 19));
  const auto io = table.choice("io_class", {"normal", "best-effort", "idle"}, "best-effort");
  priority.io = io == "normal" ? IoClass::normal
                : io == "idle" ? IoClass::idle
                               : IoClass::best_effort;
  return priority;
}

// A schedule, or how often alone: then on a Sunday, or the first of the month, in the hours after
// most backups. Each repository has its own minute, so that they do not all ask one store at once.
core::Schedule parse_frequency(const std::string& text, const std::string& repository) {
  const auto digest = core::sha256(core::as_bytes(repository));
  const unsigned minute = (digest[0] * 256u + digest[1]) % 180;
  const auto time = fmt::format("{:02}:{:02}", 3 + minute / 60, minute % 60);
  if (text == "daily") return core::Schedule::parse("daily " + time);
  if (text == "weekly") return core::Schedule::parse("weekly sun " + time);
  if (text == "monthly") return core::Schedule::parse("monthly 1 " + time);
  return core::Schedule::parse(text);
}

std::optional<core::Schedule> frequency_of(ConfigTable& table, std::string_view key,
                                           const std::string& repository) {
  const auto text = table.optional_text(key);
  if (!text) return std::nullopt;
  return table.parsed(key, *text,
                      [&](const std::string& each) { return parse_frequency(each, repository); });
}

// [archive.NAME]: where archives go.
struct ArchivePlace {
  std::string name, url;
  std::filesystem::path credentials_file;
};

std::string address_in(ConfigTable& table) {
  return table.parsed("url", table.text("url"), [](const std::string& url) {
    storage::check_store_address(url);
    return url;
  });
}

std::vector<ArchivePlace> read_archive_places(const ConfigDocument& document) {
  std::vector<ArchivePlace> places;
  for (auto& [name, table] : document.named_tables("archive")) {
    auto& place = places.emplace_back();
    place.name = name;
    place.url = address_in(table);
    if (const auto file = table.optional_path("credentials_file")) place.credentials_file = *file;
    table.finish();
  }
  return places;
}

ArchiveConfig read_archive(const ConfigDocument& document, ConfigTable table,
                           const std::string& repository) {
  constexpr std::int64_t most_kept = 10'000;
  const auto to = table.text("to");
  std::string allowed;
  for (const auto& place : read_archive_places(document)) {
    allowed += (allowed.empty() ? "" : " · ") + place.name;
    if (place.name != to) continue;
    const auto every = frequency_of(table, "every", repository);
    if (!every) table.fail("to", "says not how often\n  allowed: every = \"monthly\"");
    ArchiveConfig archive{to, place.url, place.credentials_file, *every, 0, {}};
    archive.part = table.parsed("part", table.text("part", "10GB"), storage::parse_byte_size);
    if (table.has("keep"))
      archive.keep = static_cast<std::uint64_t>(table.integer("keep", 1, 1, most_kept));
    table.finish();
    return archive;
  }
  table.fail("to", "is not an [archive.NAME] of this configuration\n  allowed: " +
                       (allowed.empty() ? "none is there yet" : allowed));
}

// Nothing for { all = true }, which keeps every snapshot for ever: it has to be said, because a
// repository that grows and grows is mostly not meant.
std::optional<KeepPolicy> keep_of(ConfigTable& table) {
  constexpr std::int64_t most = 100'000;
  constexpr const char* allowed =
      "\n  allowed: at least one of last, hourly, daily, weekly, monthly, yearly above 0, as in "
      "keep = { daily = 7, weekly = 5 } · keep = { all = true }, and nothing is ever forgotten";
  auto keep = table.table("keep");
  if (!keep)
    table.fail("repository", std::string("has no keep = …: how long is what kept?") + allowed);
  const auto count = [&](std::string_view key) {
    return static_cast<unsigned>(keep->integer(key, 0, 0, most));
  };
  const KeepPolicy policy{count("last"),   count("hourly"),  count("daily"),
                          count("weekly"), count("monthly"), count("yearly")};
  const bool all = keep->boolean("all", false);
  keep->finish();
  if (all && policy != KeepPolicy())
    table.fail("keep", std::string("says all and less than all") + allowed);
  if (!all && policy == KeepPolicy())
    table.fail("keep", std::string("keeps nothing, and would forget every snapshot") + allowed);
  return all ? std::nullopt : std::optional(policy);
}

// Without them every run would fail, in the night.
void look_for_keys(const ConfigTable& table, const RepositoryConfig& repository) {
  namespace fs = std::filesystem;
  std::error_code error;
  const auto has = [&](const char* name) { return fs::exists(repository.keys / name, error); };
  const bool maintains = has("maintenance.key") || has("reader.key");
  const bool trusts = has("owner.pub") || has("owner.key");
  if (error) return; // it may not be looked into by whoever checks
  const auto folder = "is kept in [repository." + repository.name + "] keys = \"" +
                      repository.keys.string() + "\", where ";
  if (!maintains)
    table.fail("repository", folder + "there is no maintenance.key: nothing can be forgotten, "
                                      "pruned or verified without it");
  if (!trusts)
    table.fail("repository", folder + "there is no owner.pub: nobody can be trusted without it");
}

CareConfig read_one_care(const ConfigDocument& document,
                         const std::vector<RepositoryConfig>& repositories, ConfigTable& table,
                         KeyCheck keys) {
  const auto repository = repository_of(repositories, table);
  check_file_name(table, "repository", repository.name, Letters::both);
  const auto keep = keep_of(table);
  const auto prune = frequency_of(table, "prune", repository.name);
  CareConfig care{
      repository, keep, prune ? *prune : parse_frequency("daily", repository.name), {}, {}, {}, {}};
  if (table.has("grace")) care.grace = table.duration("grace", {});
  care.verify = frequency_of(table, "verify", repository.name);
  if (frequency_of(table, "drill", repository.name)) care.not_yet.emplace_back("drill");
  if (const auto archive = table.table("archive"))
    care.archive = read_archive(document, *archive, repository.name);
  table.finish();
  if (keys == KeyCheck::look) look_for_keys(table, repository);
  return care;
}

} // namespace

std::optional<std::uint64_t> parse_limit(const std::string& text) {
  if (text == "none") return std::nullopt;
  return storage::parse_byte_rate(text);
}

std::unique_ptr<storage::ObjectStore>
open_store(const RepositoryConfig& repository, std::stop_token stop, storage::StoreMeters* meters) {
  storage::StoreAccess access{repository.credentials_file, stop};
  if (meters != nullptr) access.meter = meters->of(repository.name);
  return storage::limit_bandwidth(storage::open_store(repository.url, access), repository.limits,
                                  stop);
}

std::vector<RepositoryConfig> read_repositories(const ConfigDocument& document) {
  std::vector<RepositoryConfig> all;
  for (auto& [name, table] : document.named_tables("repository")) {
    auto& repository = all.emplace_back();
    repository.name = name;
    repository.url = address_in(table);
    repository.keys = table.path("keys");
    if (const auto file = table.optional_path("credentials_file"))
      repository.credentials_file = *file;
    read_limits(table, repository.limits);
    table.finish();
  }
  return all;
}

std::vector<JobConfig> read_jobs(const ConfigDocument& document) {
  const auto repositories = read_repositories(document);
  std::vector<JobConfig> jobs;
  for (auto& table : document.tables("job")) {
    auto job = read_job(document, repositories, table);
    for (const auto& other : jobs) {
      if (other.name == job.name) table.fail("name", "is another job's name already");
    }
    jobs.push_back(std::move(job));
  }
  return jobs;
}

std::vector<CareConfig> read_care(const ConfigDocument& document, KeyCheck keys) {
  const auto repositories = read_repositories(document);
  read_archive_places(document);
  std::vector<CareConfig> all;
  for (auto& table : document.tables("care")) {
    auto care = read_one_care(document, repositories, table, keys);
    for (const auto& other : all) {
      if (other.repository.name == care.repository.name) {
        table.fail("repository", "has a [[care]] already, and two would not agree");
      }
    }
    all.push_back(std::move(care));
  }
  return all;
}

Priority read_priority(const ConfigDocument& document) {
  auto table = document.table("backupd");
  return table ? priority_of(*table) : Priority();
}

Config read_config(const ConfigDocument& document) {
  Config config;
  config.machine = document.machine_name();
  auto table = document.table("backupd");
  if (!table) throw core::ConfigError(document.file().string() + ": [backupd] is missing");
  config.listen = table->text("listen", "127.0.0.1:9711");
  const auto address = table->parsed("listen", config.listen, core::parse_listen_address);
  config.token_file = table->optional_path("token_file");
  if (!address.is_loopback() && !config.token_file) {
    table->fail("listen", "is not on loopback, which needs token_file = \"…\"");
  }
  config.priority = priority_of(*table);
  table->finish();
  config.jobs = read_jobs(document);
  config.care = read_care(document);
  return config;
}

void check_config(const ConfigDocument& document) {
  if (document.table("backupd"))
    read_config(document);
  else
    read_jobs(document);
  read_care(document, KeyCheck::look);
}

} // namespace intendance::backupd
