// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/engine/repair.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::backupd {

using core::CommandContext;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

Json json_of(const DamagedSnapshot& damaged) {
  const auto& header = damaged.snapshot.header;
  Json json = {{"snapshot", core::to_hex(damaged.snapshot.name)},
               {"job", header.job},
               {"started", core::format_utc(header.started)},
               {"references_lost", damaged.losses.references},
               {"repaired_by", nullptr},
               {"reason", nullptr},
               {"lost", Json::array()}};
  if (damaged.by) json["repaired_by"] = core::to_hex(*damaged.by);
  if (!damaged.reason.empty()) json["reason"] = damaged.reason;
  for (const auto& each : damaged.losses.named)
    json["lost"].push_back({{"path", each.path}, {"message", each.message}});
  return json;
}

Json json_of(const RepairReport& result) {
  Json json = {{"snapshots", result.snapshots},
               {"packs", result.packs},
               {"bytes_read", result.bytes_read},
               {"damaged", Json::array()},
               {"findings", Json::array()}};
  for (const auto& each : result.damaged) json["damaged"].push_back(json_of(each));
  for (const auto& each : result.findings)
    json["findings"].push_back({{"object", each.object}, {"message", each.message}});
  return json;
}

void print(std::ostream& out, const DamagedSnapshot& damaged, bool dry_run) {
  const auto& header = damaged.snapshot.header;
  fmt::print(out, "DAMAGED    {}  {}  {}\n", short_id(damaged.snapshot.name), header.job,
             core::TimeZone::local().format(header.started));
  for (const auto& each : damaged.losses.named)
    fmt::print(out, "  lost {}: {}\n", shown_path(each.path), shown_path(each.message));
  if (damaged.losses.references)
    fmt::print(out, "  lists of what it needs are lost (no file is lost by this)\n");
  if (!damaged.reason.empty()) {
    fmt::print(out, "  {}{}\n", damaged.reason,
               damaged.by ? ", by " + short_id(*damaged.by) : std::string());
  } else if (dry_run) {
    fmt::print(out, "  the rest would become a snapshot\n");
  } else {
    fmt::print(out,
               "repaired   {}  {} files, {} folders, {} other  {}\n"
               "  ({} stays until it is forgotten)\n",
               short_id(*damaged.by), shown_count(damaged.rest.files),
               shown_count(damaged.rest.directories), shown_count(damaged.rest.other),
               shown_bytes(damaged.rest.bytes), short_id(damaged.snapshot.name));
  }
}

void print(std::ostream& out, const RepairReport& result, bool dry_run) {
  fmt::print(out, "checked    {} snapshots, {} packs, {} read\n", result.snapshots,
             shown_count(result.packs), shown_bytes(result.bytes_read));
  if (result.damaged.empty()) fmt::print(out, "whole      no snapshot has lost anything\n");
  for (const auto& damaged : result.damaged) print(out, damaged, dry_run);
}

ExitStatus repair_command(CommandContext& context) {
  RepairOptions wanted;
  wanted.dry_run = context.has("dry-run");
  ProgressBar bar(context);
  const auto reader = open_repository(context, {Role::reader});
  auto writer = open_repository(context, {Role::writer});
  const core::TemporaryDirectory scratch;
  wanted.state = has_state(context) ? context.state_directory() : scratch.path();
  wanted.spool = writer.store().spool_folder().value_or(scratch.path());
  ChunkIndex index(scratch.path() / "index");
  auto result = repair(reader, writer, index, wanted, context.stop(), bar.work());
  bar.finish();
  result.findings.insert(result.findings.begin(), reader.findings().begin(),
                         reader.findings().end());
  if (context.json())
    context.out() << dumped(json_of(result));
  else
    print(context.out(), result, wanted.dry_run);
  const bool warned = report(context, result.findings);
  if (std::any_of(result.damaged.begin(), result.damaged.end(),
                  [](const DamagedSnapshot& each) { return each.hopeless; }))
    return ExitStatus::failed;
  return status_of(warned || !result.damaged.empty());
}

} // namespace

void register_repair_command(core::CommandLine& line) {
  auto repairing =
      make_command("repository repair",
                   "Make snapshots of what damaged ones have left (reader.key and writer.key)", "",
                   "intendance repository repair --repository web-1 --dry-run\n"
                   "intendance repository repair --repository web-1",
                   repair_command);
  repairing.options.add_options()("dry-run", "only say what is lost");
  add_priority(repairing, Urgency::background);
  line.add(std::move(repairing));
}

} // namespace intendance::backupd
