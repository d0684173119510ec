// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/config.hpp"

#include "backupd/engine/exclude.hpp"
#include "backupd/sources/postgresql.hpp"
#include "core/error.hpp"
#include "core/http_server.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace intendance::backupd {

using core::ConfigDocument;
using core::ConfigTable;

namespace {

// The name is a file's name in the state folder, and a label of metrics.
void check_job_name(const ConfigTable& table, const std::string& name) {
  const auto allowed = [](char each) {
    return (each >= 'a' && each <= 'z') || (each >= '0' && each <= '9') ||
           std::string_view("._-").find(each) != std::string_view::npos;
  };
  if (name.size() > 64 || name.front() == '.' || !std::all_of(name.begin(), name.end(), allowed)) {
    table.fail(
        "name",
        "cannot be a job's name\n  allowed: up to 64 of a-z 0-9 . _ -, not beginning with a dot");
  }
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

RepositoryConfig repository_of(const std::vector<RepositoryConfig>& all, ConfigTable& job) {
  const auto name = job.text("repository");
  std::string allowed;
  for (const auto& repository : all) {
    if (repository.name == name) return repository;
    allowed += (allowed.empty() ? "" : " · ") + repository.name;
  }
  job.fail("repository", "is not a [repository.NAME] of this configuration\n  allowed: " +
                             (allowed.empty() ? "none is there yet" : allowed));
}

JobConfig read_job(const ConfigDocument& document,
                   const std::vector<RepositoryConfig>& repositories, ConfigTable& table) {
  JobConfig job;
  job.name = table.text("name");
  check_job_name(table, job.name);
  job.repository = repository_of(repositories, table);
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

} // namespace

std::vector<RepositoryConfig> read_repositories(const ConfigDocument& document) {
  std::vector<RepositoryConfig> all;
  for (auto& [name, table] : document.named_tables("repository")) {
    all.push_back({name, table.text("url"), table.path("keys")});
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
  table->finish();
  config.jobs = read_jobs(document);
  return config;
}

void check_config(const ConfigDocument& document) {
  if (document.table("backupd"))
    read_config(document);
  else
    read_jobs(document);
}

} // namespace intendance::backupd
