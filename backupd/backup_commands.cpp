// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/engine/exclude.hpp"
#include "backupd/schedule/job_runner.hpp"
#include "backupd/state_owner.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

JobConfig job_by_name(const CommandContext& context, const std::string& name) {
  std::string names;
  for (auto& job : read_jobs(context.config())) {
    if (job.name == name) {
      apply_limits(context, job.repository.limits);
      return job;
    }
    names += (names.empty() ? "" : ", ") + job.name;
  }
  throw ConfigError("\"" + name + "\" is not a [[job]] of " + context.config().file().string() +
                    ", which has " + (names.empty() ? "none" : names));
}

JobConfig job_of_options(const CommandContext& context) {
  JobConfig job;
  job.name = context.text("job-name", "manual");
  job.repository = chosen_repository(context);
  for (const auto& path : context.texts("paths"))
    job.paths.push_back(std::filesystem::absolute(path));
  job.exclude = context.texts("exclude");
  core::with_context("--exclude", [&] { return Excludes(job.exclude); });
  job.postgresql = context.texts("postgresql");
  job.one_file_system = context.has("one-file-system");
  job.exclude_caches = context.has("exclude-caches");
  return job;
}

Json json_of(const JobRun& run) {
  const auto& record = run.record;
  Json json = {{"snapshot", record.snapshot},
               {"files", record.files},
               {"new_files", record.new_files},
               {"changed_files", record.changed_files},
               {"unchanged_files", record.unchanged_files},
               {"bytes", record.bytes},
               {"read_bytes", record.read_bytes},
               {"new_bytes", record.new_bytes},
               {"stored_bytes", record.stored_bytes},
               {"warnings", Json::array()}};
  for (const auto& warning : run.warnings)
    json["warnings"].push_back({{"path", warning.path}, {"message", warning.message}});
  return json;
}

ExitStatus backup(CommandContext& context) {
  const bool by_paths = context.has("paths") || context.has("postgresql");
  if (by_paths == context.has("job"))
    throw ConfigError("either a JOB of the configuration or --paths is wanted");
  const auto job = by_paths ? job_of_options(context) : job_by_name(context, context.text("job"));
  const auto machine =
      context.text("machine", context.has_config() ? context.config().machine_name() : "localhost");
  become_owner_of(context.state_directory());
  JobRun run;
  {
    ProgressBar bar(context);
    run = run_job(job, {machine, context.state_directory()}, context.stop(), bar.work());
  }
  if (run.record.outcome == Outcome::failed)
    throw core::Error("backup of " + job.name + ": " + run.record.error);
  report(context, run.findings);
  if (context.json()) {
    context.out() << dumped(json_of(run));
    return status_of(run.record.warnings > 0);
  }
  const auto& record = run.record;
  const std::chrono::duration<double> took = record.finished - record.started;
  fmt::print(context.out(),
             "read       {} files  {}   in {:.1f} s\nnew data   {}\nstored     {}   to {}\n",
             shown_count(record.files), shown_bytes(record.bytes), took.count(),
             shown_bytes(record.new_bytes), shown_bytes(record.stored_bytes), job.repository.name);
  fmt::print(context.out(), "snapshot   {}  {}  {}   {} warnings\n", record.snapshot.substr(0, 8),
             job.name, core::TimeZone::local().format(record.started), record.warnings);
  for (const auto& warning : run.warnings)
    fmt::print(context.out(), "  {}: {}\n", shown_path(warning.path), warning.message);
  if (record.warnings > run.warnings.size() + run.findings.size())
    fmt::print(context.out(), "  … and {} more\n",
               record.warnings - run.warnings.size() - run.findings.size());
  return status_of(record.warnings > 0);
}

} // namespace

void register_backup_commands(core::CommandLine& line) {
  auto command = make_command("backup", "Run a job now (writer.key)", "JOB | --paths P…",
                              "intendance backup tei\n"
                              "intendance backup --paths /srv/tei /etc --exclude '*.tmp' "
                              "--repository file:///mnt/backups --keys /root/keys",
                              backup);
  command.options.add_options()("job", options::value<std::string>())(
      "paths", options::value<std::vector<std::string>>()->multitoken()->value_name("P…"),
      "back these up")("exclude", options::value<std::vector<std::string>>()->value_name("PATTERN"),
                       "leave these out, as *.tmp or cache/")(
      "postgresql", options::value<std::vector<std::string>>()->value_name("URI"),
      "dump this database too")("one-file-system", "do not go into other file systems")(
      "exclude-caches", "leave out what is in folders with a CACHEDIR.TAG")(
      "job-name", options::value<std::string>()->value_name("NAME"),
      "name of a job by --paths (manual)")(
      "machine", options::value<std::string>()->value_name("NAME"), "this machine's name");
  command.positional = {{"job", 1}};
  add_priority(command, Urgency::background);
  line.add(std::move(command));
}

} // namespace intendance::backupd
