// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/command_support.hpp"
#include "backupd/engine/snapshot_reader.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

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
  OpenSnapshot opened(context, repository, findings);
  const auto& snapshot = opened.snapshot();
  const bool warned = report(context, findings);
  SnapshotReader reader(repository, opened.index(), snapshot);
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
  return status_of(warned);
}

} // namespace

void register_listing_commands(core::CommandLine& line) {
  auto all = make_command("snapshots", "List the snapshots (any key)", "",
                          "intendance snapshots --job tei", snapshots);
  all.options.add_options()("job", options::value<std::string>()->value_name("NAME"),
                            "only of this job")(
      "machine", options::value<std::string>()->value_name("NAME"), "only of this machine");
  line.add(std::move(all));

  auto listing = make_command("ls", "List what a snapshot holds (reader.key)", "SNAPSHOT [PATH…]",
                              "intendance ls latest /srv/tei/corpus", ls);
  listing.options.add_options()("snapshot", options::value<std::string>())(
      "path", options::value<std::vector<std::string>>());
  listing.positional = {{"snapshot", 1}, {"path", -1}};
  line.add(std::move(listing));
}

} // namespace intendance::backupd
