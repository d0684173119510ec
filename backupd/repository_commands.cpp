// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"

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

} // namespace

void register_repository_commands(core::CommandLine& line) {
  auto init =
      make_command("repository init", "Make a repository and its keys", "",
                   "intendance repository init --repository file:///srv/backup/web-1 --keys ./keys "
                   "--machine web-1",
                   repository_init);
  init.options.add_options()("machine", options::value<std::string>()->value_name("NAME"),
                             "whose backups");
  line.add(std::move(init));
  line.add(make_command("repository info", "Show a repository's address and whom it trusts", "",
                        "intendance repository info --repository web-1", repository_info));
  auto key = make_command(
      "key export", "Write the bundle of keys that a machine gets", "--writer --output DIR",
      "intendance key export --writer --repository web-1 --output ./for-web-1", key_export);
  key.options.add_options()("writer", "the writer's key and the owner's public one")(
      "output", options::value<std::string>()->value_name("DIR"), "folder to write into");
  line.add(std::move(key));
}

} // namespace intendance::backupd
