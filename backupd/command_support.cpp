// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"

#include "backupd/engine/upkeep.hpp"
#include "core/log.hpp"
#include "storage/at_once.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::Command;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

std::string dumped(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

namespace {

options::options_description repository_options() {
  options::options_description description;
  description.add_options()("repository", options::value<std::string>()->value_name("URL|NAME"),
                            "address (file:///…, s3://…, swift://…, sftp://…), or a name of the "
                            "configuration; needed when it names several")(
      "keys", options::value<std::string>()->value_name("DIR"),
      "folder of the keys, for an address")("credentials-file",
                                            options::value<std::string>()->value_name("FILE"),
                                            "credentials of the store, TOML: access_key, "
                                            "secret_key; or auth_url, application_credential_id, "
                                            "application_credential_secret; or private_key_file, "
                                            "known_hosts_file (the configuration's)")(
      "limit-upload", options::value<std::string>()->value_name("RATE"),
      "bytes a second to the repository at most: 5MB/s, 500KiB/s, none (the configuration's)")(
      "limit-download", options::value<std::string>()->value_name("RATE"),
      "bytes a second from it at most");
  return description;
}

RepositoryConfig repository_without_limits(const CommandContext& context) {
  const auto wanted = context.text("repository", "");
  if (wanted.find("://") != std::string::npos) {
    if (!context.has("keys"))
      throw ConfigError("--keys DIR is missing: where are the keys of " + wanted + "?");
    return {wanted, wanted, context.text("keys"), {}, {}};
  }
  if (wanted.starts_with('/'))
    throw ConfigError("\"" + wanted + "\" is a path; as an address it is file://" + wanted);
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

} // namespace

void apply_limits(const CommandContext& context, storage::BandwidthLimits& limits) {
  const auto apply = [&](const std::string& option, std::optional<std::uint64_t>& limit) {
    if (!context.has(option)) return;
    limit = core::with_context("--" + option, [&] { return parse_limit(context.text(option)); });
  };
  apply("limit-upload", limits.put);
  apply("limit-download", limits.get);
}

RepositoryConfig chosen_repository(const CommandContext& context) {
  auto chosen = repository_without_limits(context);
  if (context.has("credentials-file")) chosen.credentials_file = context.text("credentials-file");
  apply_limits(context, chosen.limits);
  return chosen;
}

// On a machine of the moment there is none: nothing is remembered then of what was seen.
bool has_state(const CommandContext& context) {
  return context.has("state") || ::access(context.state_directory().c_str(), W_OK) == 0;
}

std::filesystem::path trust_memory(const CommandContext& context) {
  return has_state(context) ? context.state_directory() / "trust" : std::filesystem::path();
}

std::filesystem::path verify_memory(const CommandContext& context, const Repository& repository) {
  if (!has_state(context)) return {};
  return verify_ledger_file(context.state_directory(), repository);
}

Repository open_repository(const CommandContext& context, std::initializer_list<Role> roles) {
  const auto chosen = chosen_repository(context);
  return Repository::open(open_store(chosen, context.stop()), KeyFolder(chosen.keys), roles,
                          trust_memory(context));
}

OpenIndex::OpenIndex(const CommandContext& context, const Repository& repository,
                     std::vector<Finding>& findings) {
  auto folder = context.state_directory() / "index" / core::to_hex(repository.trust().repository);
  if (!has_state(context)) folder = temporary_.emplace().path();
  index_.emplace(folder);
  repository.update(*index_, findings);
  try {
    index_->save();
  } catch (const core::Error& error) { // a disk that is full must not keep anybody from his files
    core::log::warning("index of chunks is not kept, the next command asks for all of it again",
                       {{"reason", error.what()}});
  }
}

OpenSnapshot::OpenSnapshot(const CommandContext& context, const Repository& repository,
                           std::vector<Finding>& findings) {
  std::vector<Finding> of_snapshots;
  storage::at_once(
      repository.store(),
      {[&] { index_.emplace(context, repository, findings); },
       [&] { snapshot_ = repository.find_snapshot(context.text("snapshot"), of_snapshots); }});
  findings.insert(findings.end(), of_snapshots.begin(), of_snapshots.end());
}

bool report(const CommandContext& context, const std::vector<Finding>& findings) {
  for (const auto& finding : findings)
    fmt::print(context.err(), "warning: {}: {}\n", finding.object, finding.message);
  return !findings.empty();
}

ExitStatus status_of(bool any_warning) {
  return any_warning ? ExitStatus::warnings : ExitStatus::done;
}

std::optional<std::chrono::seconds> span_option(const CommandContext& context,
                                                const std::string& option) {
  if (!context.has(option)) return std::nullopt;
  const auto text = context.text(option);
  std::size_t end = 0;
  unsigned long number = 0;
  try {
    number = std::stoul(text, &end);
  } catch (const std::exception&) {
    end = 0;
  }
  const auto unit = text.substr(end);
  const auto scale = unit == "d" ? 86400ul : unit == "h" ? 3600ul : unit == "m" ? 60ul : 1ul;
  if (end == 0 || number > 10'000 || (unit.empty() ? number != 0 : unit.size() != 1 || scale == 1))
    throw ConfigError("--" + option + " \"" + text +
                      "\" is not a span of time\n  allowed: 0 · 30m · 12h · 7d");
  return std::chrono::seconds(number * scale);
}

std::string short_id(const SnapshotName& name) { return core::to_hex(name).substr(0, 8); }

namespace {

Priority chosen_priority(const CommandContext& context, Urgency urgency) {
  if (!context.has("nice")) {
    if (urgency == Urgency::awaited) return full_speed;
    return context.has_config() ? read_priority(context.config()) : Priority();
  }
  const int nice = context.values()["nice"].as<int>();
  if (nice < 0 || nice > 19)
    throw ConfigError(fmt::format("--nice {}: 0 (full speed) to 19 is wanted", nice));
  return nice == 0 ? full_speed : Priority{nice, Priority().io};
}

} // namespace

void add_priority(Command& command, Urgency urgency) {
  command.options.add_options()(
      "nice", options::value<int>()->value_name("N"),
      urgency == Urgency::awaited
          ? "give way to other programs: 19 the most, 0 (the usual) not at all"
          : "give way to other programs: 19 the most, 0 not at all (the configuration's, or 10)");
  command.run = [run = command.run, urgency](CommandContext& context) {
    ExitStatus status = ExitStatus::done;
    with_priority(chosen_priority(context, urgency), [&] { status = run(context); });
    return status;
  };
}

Command make_command(const std::string& name, const std::string& summary,
                     const std::string& arguments, const std::string& example,
                     ExitStatus (*run)(CommandContext&)) {
  Command command;
  command.name = name;
  command.summary = summary;
  command.arguments = arguments;
  command.example = example;
  command.options.add(repository_options());
  command.run = run;
  return command;
}

} // namespace intendance::backupd
