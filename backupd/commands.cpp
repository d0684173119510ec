// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/commands.hpp"

#include "backupd/config.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "backupd/schedule/job_runner.hpp"
#include "backupd/state_owner.hpp"
#include "backupd/terminal.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <iostream>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::Command;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

options::options_description repository_options() {
  options::options_description description;
  description.add_options()(
      "repository", options::value<std::string>()->value_name("URL|NAME"),
      "address (file:///…), or a name of the configuration; needed when it names several")(
      "keys", options::value<std::string>()->value_name("DIR"),
      "folder of the keys, for an address");
  return description;
}

// Of --repository and --keys, or of the configuration.
RepositoryConfig chosen_repository(const CommandContext& context) {
  const auto wanted = context.text("repository", "");
  if (wanted.find("://") != std::string::npos) {
    if (!context.has("keys"))
      throw ConfigError("--keys DIR is missing: where are the keys of " + wanted + "?");
    return {wanted, wanted, context.text("keys")};
  }
  if (wanted.empty() && !context.has_config()) {
    throw ConfigError(
        "--repository URL and --keys DIR are needed, because there is no configuration");
  }
  const auto all = read_repositories(context.config());
  std::string names;
  for (const auto& repository : all) {
    if (repository.name == wanted || (wanted.empty() && all.size() == 1)) return repository;
    names += (names.empty() ? "" : ", ") + repository.name;
  }
  throw ConfigError(wanted.empty() ? "--repository NAME is missing; the configuration has " +
                                         (names.empty() ? "none" : names)
                                   : "\"" + wanted +
                                         "\" is not a repository of the configuration, which has " +
                                         (names.empty() ? "none" : names));
}

Repository open_repository(const CommandContext& context, std::initializer_list<Role> roles) {
  const auto chosen = chosen_repository(context);
  return Repository::open(storage::open_store(chosen.url), KeyFolder(chosen.keys), roles, {});
}

// What is not as it should be, on stderr; whether there was anything.
bool report(const CommandContext& context, const std::vector<Finding>& findings) {
  for (const auto& finding : findings)
    fmt::print(context.err(), "warning: {}: {}\n", finding.object, finding.message);
  return !findings.empty();
}

ExitStatus status_of(bool any_warning) {
  return any_warning ? ExitStatus::warnings : ExitStatus::done;
}

std::string short_id(const SnapshotName& name) { return core::to_hex(name).substr(0, 8); }

// --- repository ---

ExitStatus repository_init(CommandContext& context) {
  const auto chosen = chosen_repository(context);
  const auto machine =
      context.text("machine", context.has_config() ? context.config().machine_name() : "");
  if (machine.empty()) throw ConfigError("--machine NAME is missing: whose backups will these be?");
  const auto store = storage::open_store(chosen.url);
  const KeyFolder keys(chosen.keys);
  Repository::initialise(*store, keys, machine, core::system_clock().now());
  fmt::print(context.out(),
             "repository   {}\nmachine      {}\nkeys         {}\n\n"
             "  owner.key         keep offline, in a safe: it decides whom to trust\n"
             "  reader.key        whoever restores; without it nothing can be read, ever\n"
             "  maintenance.key   the hub\n"
             "  writer.key        the machine; intendance key export --writer makes its bundle\n",
             chosen.url, machine, chosen.keys.string());
  return ExitStatus::done;
}

ExitStatus repository_info(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader, Role::maintainer, Role::writer});
  const auto& trust = repository.trust();
  Json json = {{"repository", core::to_hex(trust.repository)},
               {"address", repository.store().address()},
               {"trust_version", trust.version},
               {"writers", Json::array()},
               {"readers", Json::array()},
               {"maintainers", Json::array()}};
  for (const auto& each : trust.writers)
    json["writers"].push_back({{"name", each.name}, {"signs", core::to_hex(each.signs)}});
  for (const auto& each : trust.readers)
    json["readers"].push_back({{"name", each.name}, {"recipient", each.recipient.text()}});
  for (const auto& each : trust.maintainers)
    json["maintainers"].push_back({{"name", each.name}, {"recipient", each.recipient.text()}});
  if (context.json()) {
    context.out() << dumped(json);
  } else {
    fmt::print(context.out(), "repository   {}\naddress      {}\ntrust        version {}, of {}\n",
               json["repository"].get<std::string>(), repository.store().address(), trust.version,
               core::format_utc(trust.created));
    for (const auto& each : trust.writers)
      fmt::print(context.out(), "writer       {}\n", each.name);
    for (const auto& each : trust.readers)
      fmt::print(context.out(), "reader       {}  {}\n", each.name, each.recipient.text());
    for (const auto& each : trust.maintainers)
      fmt::print(context.out(), "maintainer   {}  {}\n", each.name, each.recipient.text());
  }
  return status_of(report(context, repository.findings()));
}

ExitStatus key_export(CommandContext& context) {
  if (!context.has("writer"))
    throw ConfigError("--writer is missing: it is the only bundle that a machine gets");
  const KeyFolder keys(chosen_repository(context).keys);
  const auto writer = keys.writer();
  if (!writer) throw ConfigError(keys.path().string() + "/writer.key is missing");
  const std::filesystem::path folder = context.text("output");
  std::filesystem::create_directories(folder);
  std::filesystem::permissions(folder, std::filesystem::perms::owner_all);
  core::write_file_atomically(folder / "writer.key", writer->text() + "\n", 0600);
  core::write_file_atomically(folder / "owner.pub", owner_public_text(keys.owner_public()) + "\n",
                              0644);
  fmt::print(context.out(),
             "{0}/writer.key\n{0}/owner.pub\n\nwith these the machine writes and deduplicates; it "
             "reads nothing\n",
             folder.string());
  return ExitStatus::done;
}

// --- backup ---

JobConfig job_by_name(const CommandContext& context, const std::string& name) {
  std::string names;
  for (auto& job : read_jobs(context.config())) {
    if (job.name == name) return job;
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
  job.postgresql = context.texts("postgresql");
  job.one_file_system = context.has("one-file-system");
  return job;
}

Json json_of(const JobRun& run) {
  Json json = {{"snapshot", run.record.snapshot},         {"files", run.record.files},
               {"bytes", run.record.read_bytes},          {"new_bytes", run.record.new_bytes},
               {"stored_bytes", run.record.stored_bytes}, {"warnings", Json::array()}};
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
    ProgressLine line(context);
    run = run_job(
        machine, job, context.state_directory(), context.stop(),
        [&](const BackupProgress& progress) {
          if (line.due()) {
            line.show(fmt::format("reading    {} files  {}   new {}", shown_count(progress.files),
                                  shown_bytes(progress.bytes), shown_bytes(progress.new_bytes)));
          }
        });
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
             shown_count(record.files), shown_bytes(record.read_bytes), took.count(),
             shown_bytes(record.new_bytes), shown_bytes(record.stored_bytes), job.repository.name);
  fmt::print(context.out(), "snapshot   {}  {}  {}   {} warnings\n", record.snapshot.substr(0, 8),
             job.name, core::TimeZone::local().format(record.started), record.warnings);
  for (const auto& warning : run.warnings)
    fmt::print(context.out(), "  {}: {}\n", shown_path(warning.path), warning.message);
  if (record.warnings > run.warnings.size())
    fmt::print(context.out(), "  … and {} more\n", record.warnings - run.warnings.size());
  return status_of(record.warnings > 0);
}

// --- snapshots, ls ---

ExitStatus snapshots(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader, Role::maintainer, Role::writer});
  auto findings = repository.findings();
  const auto all = repository.snapshots(findings);
  const auto zone = core::TimeZone::local();
  auto json = Json::array();
  if (!context.json())
    fmt::print(context.out(),
               "ID        STARTED              JOB              FILES       SIZE        NEW\n");
  for (const auto& snapshot : all) {
    const auto& header = snapshot.header;
    if (context.has("job") && header.job != context.text("job")) continue;
    if (context.has("machine") && header.machine != context.text("machine")) continue;
    if (context.json()) {
      json.push_back({{"id", core::to_hex(snapshot.name)},
                      {"machine", header.machine},
                      {"job", header.job},
                      {"started", core::format_utc(header.started)},
                      {"finished", core::format_utc(header.finished)},
                      {"sequence", header.sequence},
                      {"files", header.files},
                      {"directories", header.directories},
                      {"bytes", header.bytes},
                      {"new_bytes", header.new_bytes},
                      {"stored_bytes", header.stored_bytes},
                      {"warnings", header.warnings}});
    } else {
      fmt::print(context.out(), "{}  {}  {:<12} {:>9} {:>10} {:>10}{}\n", short_id(snapshot.name),
                 zone.format(header.started), shown_path(header.job), shown_count(header.files),
                 shown_bytes(header.bytes), shown_bytes(header.new_bytes),
                 header.warnings > 0 ? fmt::format("  {} warnings", header.warnings) : "");
    }
  }
  if (context.json())
    context.out() << dumped(json);
  else if (all.empty())
    fmt::print(context.out(), "(no snapshot yet)\n");
  return status_of(report(context, findings));
}

std::string mode_text(const Entry& entry) {
  constexpr std::string_view types = "?-dlcbp";
  std::string text(1, types[static_cast<std::size_t>(entry.type)]);
  for (int bit = 8; bit >= 0; --bit) text += (entry.mode >> bit & 1) != 0 ? "xwr"[bit % 3] : '-';
  const auto special = [&](std::uint32_t bit, std::size_t at, char set, char unset) {
    if ((entry.mode & bit) != 0) text[at] = text[at] == 'x' ? set : unset;
  };
  special(04000, 3, 's', 'S');
  special(02000, 6, 's', 'S');
  special(01000, 9, 't', 'T');
  return text;
}

void list(const CommandContext& context, const Entry& entry, const core::TimeZone& zone) {
  const auto owner = (entry.user.empty() ? std::to_string(entry.uid) : entry.user) + ":" +
                     (entry.group.empty() ? std::to_string(entry.gid) : entry.group);
  const core::TimePoint time{std::chrono::seconds(entry.modified.seconds)};
  std::string more;
  if (entry.type == FileType::symbolic_link) more = " -> " + shown_path(entry.link_target);
  if (!entry.hard_link.empty()) more = " = /" + shown_path(entry.hard_link);
  fmt::print(context.out(), "{} {:<17} {:>10} {} /{}{}\n", mode_text(entry), owner,
             shown_bytes(entry.size), zone.format(time), shown_path(entry.path), more);
}

Json json_of(const Entry& entry) {
  Json json = {
      {"path", "/" + entry.path},
      {"type", static_cast<int>(entry.type)},
      {"mode", entry.mode},
      {"uid", entry.uid},
      {"gid", entry.gid},
      {"size", entry.size},
      {"mtime",
       {{"seconds", entry.modified.seconds}, {"nanoseconds", entry.modified.nanoseconds}}}};
  if (!entry.link_target.empty()) json["link_target"] = entry.link_target;
  if (!entry.hard_link.empty()) json["hard_link"] = "/" + entry.hard_link;
  return json;
}

ExitStatus ls(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader});
  auto findings = repository.findings();
  const auto index = repository.load_index(findings);
  SnapshotReader reader(repository, index, repository.find_snapshot(context.text("snapshot")));
  const PathFilter filter(context.texts("path"));
  const auto zone = core::TimeZone::local();
  std::uint64_t found = 0;
  if (context.json()) context.out() << "[";
  reader.for_each(filter, [&](const Entry& entry) {
    if (!filter.is_within(entry.path)) return;
    ++found;
    if (context.json())
      context.out() << (found > 1 ? ",\n " : "\n ")
                    << json_of(entry).dump(-1, ' ', false, Json::error_handler_t::replace);
    else
      list(context, entry, zone);
  });
  if (context.json()) context.out() << "\n]\n";
  if (found == 0) throw core::Error("the snapshot holds nothing of that path");
  return status_of(report(context, findings));
}

// --- restore, verify ---

ExitStatus restore_command(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader});
  auto findings = repository.findings();
  const auto index = repository.load_index(findings);
  const auto snapshot = repository.find_snapshot(context.text("snapshot"));
  SnapshotReader reader(repository, index, snapshot);
  RestoreRequest request;
  request.target = std::filesystem::absolute(context.text("target"));
  request.paths = PathFilter(context.texts("path"));
  request.strip = context.values()["strip"].as<std::size_t>();
  request.dry_run = context.has("dry-run");
  RestoreResult result;
  {
    ProgressLine line(context);
    result = restore(reader, request, context.stop(), [&](const RestoreResult& so_far) {
      if (line.due()) {
        line.show(fmt::format("restoring  {} of {} files  {} of {}", shown_count(so_far.files),
                              shown_count(snapshot.header.files), shown_bytes(so_far.bytes),
                              shown_bytes(snapshot.header.bytes)));
      }
    });
  }
  if (result.files + result.directories + result.other == 0)
    throw core::Error("the snapshot holds nothing of that path");
  if (context.json()) {
    Json json = {{"files", result.files},
                 {"directories", result.directories},
                 {"other", result.other},
                 {"bytes", result.bytes},
                 {"problems", Json::array()}};
    for (const auto& problem : result.problems)
      json["problems"].push_back({{"path", problem.path}, {"message", problem.message}});
    context.out() << dumped(json);
  } else {
    fmt::print(
        context.out(), "{}   {} files, {} folders, {} other  {}   {} {}\nfrom       {}  {}  {}\n",
        request.dry_run ? "would be" : "restored", shown_count(result.files),
        shown_count(result.directories), shown_count(result.other), shown_bytes(result.bytes),
        request.dry_run ? "in" : "to", request.target.string(), short_id(snapshot.name),
        snapshot.header.job, core::TimeZone::local().format(snapshot.header.started));
    for (const auto& problem : result.problems)
      fmt::print(context.out(), "  {}: {}\n", shown_path(problem.path), problem.message);
  }
  const bool warned = report(context, findings);
  return status_of(warned || !result.problems.empty());
}

ExitStatus verify_command(CommandContext& context) {
  const auto repository = open_repository(context, {Role::reader, Role::maintainer});
  VerifyOptions wanted;
  wanted.read_data = context.has("read-data");
  VerifyReport result;
  {
    ProgressLine line(context);
    result = verify(repository, wanted, context.stop(), [&](const VerifyReport& so_far) {
      if (line.due())
        line.show(fmt::format("verifying  {} packs  {} read", shown_count(so_far.packs),
                              shown_bytes(so_far.bytes_read)));
    });
  }
  if (context.json()) {
    Json json = {{"snapshots", result.snapshots}, {"packs", result.packs},
                 {"chunks", result.chunks},       {"bytes_read", result.bytes_read},
                 {"findings", Json::array()},     {"damaged_files", Json::array()}};
    for (const auto& each : result.findings)
      json["findings"].push_back({{"object", each.object}, {"message", each.message}});
    for (const auto& each : result.damaged)
      json["damaged_files"].push_back(
          {{"snapshot", core::to_hex(each.snapshot)}, {"path", each.path}});
    context.out() << dumped(json);
    return result.findings.empty() ? ExitStatus::done : ExitStatus::failed;
  }
  fmt::print(context.out(), "checked    {} snapshots, {} packs, {} chunks{}\n", result.snapshots,
             shown_count(result.packs), shown_count(result.chunks),
             wanted.read_data ? ", " + shown_bytes(result.bytes_read) + " read" : "");
  if (result.findings.empty()) {
    fmt::print(context.out(), "whole      nothing is missing{}\n",
               wanted.read_data ? ", every byte is what was written" : "");
    return ExitStatus::done;
  }
  fmt::print(context.out(), "DAMAGED    {} findings\n", result.findings.size());
  for (const auto& each : result.findings)
    fmt::print(context.out(), "  {}: {}\n", each.object, each.message);
  for (const auto& each : result.damaged)
    fmt::print(context.out(), "  costs {} in {}\n", shown_path(each.path), short_id(each.snapshot));
  if (!result.files_known)
    fmt::print(context.out(), "  (with a reader key, verify names the files that this costs)\n");
  return ExitStatus::failed;
}

// --- the commands' descriptions ---

Command make(const std::string& name, const std::string& summary, const std::string& arguments,
             const std::string& example, ExitStatus (*run)(CommandContext&)) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.arguments = arguments;
  command.example = example;
  command.options.add(repository_options());
  command.run = run;
  return command;
}

void register_repository_commands(core::CommandLine& line) {
  auto init = make("repository init", "Make a repository and its keys", "",
                   "intendance repository init --repository file:///srv/backup/web-1 --keys ./keys "
                   "--machine web-1",
                   repository_init);
  init.options.add_options()("machine", options::value<std::string>()->value_name("NAME"),
                             "whose backups");
  line.add(std::move(init));
  line.add(make("repository info", "Show a repository's address and whom it trusts", "",
                "intendance repository info --repository web-1", repository_info));
  auto key =
      make("key export", "Write the bundle of keys that a machine gets", "--writer --output DIR",
           "intendance key export --writer --repository web-1 --output ./for-web-1", key_export);
  key.options.add_options()("writer", "the writer's key and the owner's public one")(
      "output", options::value<std::string>()->value_name("DIR"), "folder to write into");
  line.add(std::move(key));
}

void register_backup_commands(core::CommandLine& line) {
  auto command = make("backup", "Run a job now (writer.key)", "JOB | --paths P…",
                      "intendance backup tei", backup);
  command.options.add_options()("job", options::value<std::string>())(
      "paths", options::value<std::vector<std::string>>()->multitoken()->value_name("P…"),
      "back these up")("exclude", options::value<std::vector<std::string>>()->value_name("PATTERN"),
                       "leave these out, as *.tmp")(
      "postgresql", options::value<std::vector<std::string>>()->value_name("URI"),
      "dump this database too")("one-file-system", "do not go into other file systems")(
      "job-name", options::value<std::string>()->value_name("NAME"),
      "name of a job by --paths (manual)")(
      "machine", options::value<std::string>()->value_name("NAME"), "this machine's name");
  command.positional = {{"job", 1}};
  line.add(std::move(command));
}

void register_reading_commands(core::CommandLine& line) {
  auto all = make("snapshots", "List the snapshots (any key)", "", "intendance snapshots --job tei",
                  snapshots);
  all.options.add_options()("job", options::value<std::string>()->value_name("NAME"),
                            "only of this job")(
      "machine", options::value<std::string>()->value_name("NAME"), "only of this machine");
  line.add(std::move(all));

  auto listing = make("ls", "List what a snapshot holds (reader.key)", "SNAPSHOT [PATH…]",
                      "intendance ls latest /srv/tei/corpus", ls);
  listing.options.add_options()("snapshot", options::value<std::string>())(
      "path", options::value<std::vector<std::string>>());
  listing.positional = {{"snapshot", 1}, {"path", -1}};
  line.add(std::move(listing));

  auto restoring = make("restore", "Put files back (reader.key)", "SNAPSHOT [PATH…] --target DIR",
                        "intendance restore latest /srv/tei/corpus --target /mnt", restore_command);
  restoring.options.add_options()("snapshot", options::value<std::string>())(
      "path", options::value<std::vector<std::string>>())(
      "target", options::value<std::string>()->required()->value_name("DIR"),
      "beneath this folder, with whole paths")(
      "strip", options::value<std::size_t>()->default_value(0)->value_name("N"),
      "drop N leading parts of each path")("dry-run", "only count what would be restored");
  restoring.positional = {{"snapshot", 1}, {"path", -1}};
  line.add(std::move(restoring));

  auto verifying =
      make("verify", "Prove that a repository is whole (reader.key or maintenance.key)", "",
           "intendance verify --repository web-1 --read-data", verify_command);
  verifying.options.add_options()("read-data", "read every stored byte");
  line.add(std::move(verifying));
}

} // namespace

void register_commands(core::CommandLine& line) {
  register_repository_commands(line);
  register_backup_commands(line);
  register_reading_commands(line);
}

} // namespace intendance::backupd
