// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/care_memory.hpp"
#include "backupd/engine/restore_check.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

RestoreRequest request_of(const CommandContext& context) {
  RestoreRequest request;
  request.target = std::filesystem::absolute(context.text("target"));
  request.paths = PathFilter(context.texts("path"));
  request.strip = context.values()["strip"].as<std::size_t>();
  request.dry_run = context.has("dry-run");
  if (request.dry_run && context.has("verify"))
    throw core::ConfigError("--verify reads what was restored, and --dry-run restores nothing");
  request.options.overwrite = parse_overwrite(context.text("overwrite"));
  request.options.owners = OwnerMap(context.texts("owner-map"));
  return request;
}

// What turns out to differ becomes one more problem of the restore.
RestoreCheck compare(SnapshotReader& reader, const RestoreRequest& request, RestoreResult& result,
                     std::stop_token stop, WorkCounters* work) {
  std::set<std::string> failed;
  for (const auto& problem : result.problems) {
    if (problem.loss == Loss::everything) failed.insert(problem.path);
  }
  auto compared = check_restored(reader, request, failed, std::move(stop), work);
  result.problems.insert(result.problems.end(), compared.problems.begin(), compared.problems.end());
  return compared;
}

ExitStatus restore_command(CommandContext& context) {
  auto request = request_of(context);
  ProgressBar bar(context);
  const auto repository = open_repository(context, {Role::reader});
  auto findings = repository.findings();
  OpenSnapshot opened(context, repository, findings);
  const auto& snapshot = opened.snapshot();
  bool warned = false;
  bar.aside([&] { warned = report(context, findings); });
  SnapshotReader reader(repository, opened.index(), snapshot);
  if (!context.has("path")) request.expected = {snapshot.header.files, snapshot.header.bytes};
  auto result = restore(reader, request, context.stop(), bar.work());
  std::optional<RestoreCheck> compared;
  if (context.has("verify"))
    compared = compare(reader, request, result, context.stop(), bar.work());
  bar.finish();
  if (result.files + result.directories + result.other == 0)
    throw core::Error("the snapshot holds nothing of that path");
  if (context.json()) {
    Json json = {{"files", result.files}, {"directories", result.directories},
                 {"other", result.other}, {"bytes", result.bytes},
                 {"kept", result.kept},   {"problems", Json::array()}};
    for (const auto& problem : result.problems)
      json["problems"].push_back({{"path", problem.path}, {"message", problem.message}});
    if (compared) json["compared"] = {{"files", compared->files}, {"bytes", compared->bytes}};
    context.out() << dumped(json);
  } else {
    fmt::print(
        context.out(), "{}   {} files, {} folders, {} other  {}   {} {}\nfrom       {}  {}  {}\n",
        request.dry_run ? "would be" : "restored", shown_count(result.files),
        shown_count(result.directories), shown_count(result.other), shown_bytes(result.bytes),
        request.dry_run ? "in" : "to", request.target.string(), short_id(snapshot.name),
        snapshot.header.job, core::TimeZone::local().format(snapshot.header.started));
    if (result.kept > 0)
      fmt::print(context.out(), "kept       {} that were there already\n",
                 shown_count(result.kept));
    if (compared)
      fmt::print(context.out(), "compared   {} files  {}, read back from the target\n",
                 shown_count(compared->files), shown_bytes(compared->bytes));
    for (const auto& problem : result.problems)
      fmt::print(context.out(), "  {}: {}\n", shown_path(problem.path), problem.message);
  }
  if (!result.complete()) return ExitStatus::failed;
  return status_of(warned || !result.problems.empty());
}

// "40%" or "40"; throws ConfigError.
unsigned percent_of(const std::string& text) {
  unsigned percent = 0;
  const auto* end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, percent);
  if (read.ec != std::errc() ||
      std::string_view(read.ptr, end) != std::string_view("%").substr(read.ptr == end) ||
      percent < 1 || percent > 100)
    throw core::ConfigError("\"" + text +
                            "\" is no part of the stored bytes; 1% to 100% is wanted");
  return percent;
}

// "12 days", "3 hours": as old as it is at least.
std::string shown_age(std::chrono::nanoseconds age) {
  const auto hours = std::max<std::int64_t>(0, std::chrono::floor<std::chrono::hours>(age).count());
  return hours < 48 ? fmt::format("{} hours", hours) : fmt::format("{} days", hours / 24);
}

Json json_of(const LedgerSummary& reading) {
  Json json = {{"never_read_packs", reading.never_read_packs},
               {"never_read_bytes", reading.never_read_bytes},
               {"oldest_unread", nullptr}};
  if (reading.oldest_unread) json["oldest_unread"] = core::format_utc(*reading.oldest_unread);
  return json;
}

void print(std::ostream& out, const LedgerSummary& reading) {
  if (!reading.oldest_unread) return;
  fmt::print(out, "unread     oldest unread {}",
             shown_age(core::system_clock().now() - *reading.oldest_unread));
  if (reading.never_read_packs > 0) {
    fmt::print(out, ", never read: {} packs, {}", shown_count(reading.never_read_packs),
               shown_bytes(reading.never_read_bytes));
  }
  fmt::print(out, "\n");
}

Json json_of(const VerifyReport& result) {
  Json json = {{"snapshots", result.snapshots},   {"packs", result.packs},
               {"chunks", result.chunks},         {"bytes_read", result.bytes_read},
               {"packs_read", result.packs_read}, {"reading", json_of(result.reading)},
               {"findings", Json::array()},       {"remarks", Json::array()},
               {"damaged_files", Json::array()}};
  for (const auto& [key, list] :
       {std::pair("findings", &result.findings), std::pair("remarks", &result.remarks)}) {
    for (const auto& each : *list)
      json[key].push_back({{"object", each.object}, {"message", each.message}});
  }
  for (const auto& each : result.damaged) {
    json["damaged_files"].push_back(
        {{"snapshot", core::to_hex(each.snapshot)}, {"path", each.path}});
  }
  return json;
}

void print(std::ostream& out, const VerifyReport& result, const VerifyOptions& wanted) {
  fmt::print(out, "checked    {} snapshots, {} packs, {} chunks{}\n", result.snapshots,
             shown_count(result.packs), shown_count(result.chunks),
             wanted.read_data ? fmt::format(", {} in {} packs read", shown_bytes(result.bytes_read),
                                            shown_count(result.packs_read))
                              : "");
  print(out, result.reading);
  for (const auto& each : result.remarks)
    fmt::print(out, "remark     {}: {}\n", each.object, shown_path(each.message));
  if (result.findings.empty()) {
    fmt::print(out, "whole      nothing is missing{}\n",
               !wanted.read_data       ? ""
               : wanted.percent >= 100 ? ", every byte is what was written"
                                       : ", every byte read is what was written");
    return;
  }
  fmt::print(out, "DAMAGED    {} findings\n", result.findings.size());
  for (const auto& each : result.findings)
    fmt::print(out, "  {}: {}\n", each.object, shown_path(each.message));
  for (const auto& each : result.damaged)
    fmt::print(out, "  costs {} in {}\n", shown_path(each.path), short_id(each.snapshot));
  if (!result.files_known) {
    fmt::print(out, "  (with a reader key, verify names the files that this costs)\n");
  } else if (result.damaged.empty()) {
    fmt::print(out, "  (no file is lost by this)\n");
  }
}

ExitStatus verify_command(CommandContext& context) {
  VerifyOptions wanted;
  wanted.read_data = context.has("read-data");
  if (wanted.read_data) wanted.percent = percent_of(context.text("read-data"));
  CareMemory care(context, CareTask::verify);
  ProgressBar bar(context);
  const auto repository = open_repository(context, roles_to_verify);
  VerifyLedger ledger(verify_memory(context, repository), core::system_clock().now());
  wanted.ledger = &ledger;
  const auto result = verify_in(care.scratch(), repository, wanted, context.stop(), bar.work());
  CareResult told;
  told.verify = figures_of(result);
  told.findings = result.findings;
  told.findings.insert(told.findings.end(), result.remarks.begin(), result.remarks.end());
  // One that reads nothing must not put off the one that does.
  care.remember(repository, std::move(told),
                wanted.read_data ? Counts::as_run : Counts::as_figures);
  bar.finish();
  if (context.json())
    context.out() << dumped(json_of(result));
  else
    print(context.out(), result, wanted);
  return result.findings.empty() ? status_of(!result.remarks.empty()) : ExitStatus::failed;
}

} // namespace

void register_restore_commands(core::CommandLine& line) {
  auto restoring =
      make_command("restore", "Put files back (reader.key)", "SNAPSHOT [PATH…] --target DIR",
                   "intendance restore latest /srv/tei/corpus --target /mnt\n"
                   "intendance restore 7f3a9c1e --target / --overwrite if-changed --verify",
                   restore_command);
  restoring.options.add_options()("snapshot", options::value<std::string>())(
      "path", options::value<std::vector<std::string>>())(
      "target", options::value<std::string>()->required()->value_name("DIR"),
      "beneath this folder, with whole paths")(
      "strip", options::value<std::size_t>()->default_value(0)->value_name("N"),
      "drop N leading parts of each path")(
      "overwrite", options::value<std::string>()->default_value("always")->value_name("WHEN"),
      "replace what is there: always, if-changed (goes on where a restore stopped), if-newer, "
      "never")(
      "owner-map", options::value<std::vector<std::string>>()->composing()->value_name("RULE"),
      "www-data=apache, 33:33=1001:1001, :adm=:staff, *=root, or by-name; may be repeated")(
      "verify", "then read it back from the target and compare it with the snapshot")(
      "dry-run", "only count what would be restored");
  restoring.positional = {{"snapshot", 1}, {"path", -1}};
  add_priority(restoring, Urgency::awaited);
  line.add(std::move(restoring));

  auto verifying =
      make_command("verify", "Prove that a repository is whole (maintenance.key will do)", "",
                   "intendance verify --repository web-1 --read-data\n"
                   "intendance verify --repository web-1 --read-data=10%",
                   verify_command);
  verifying.options.add_options()(
      "read-data", options::value<std::string>()->implicit_value("100%")->value_name("N%"),
      "read every stored byte, or the N% that were unread for longest (--read-data=10%)");
  add_priority(verifying, Urgency::background);
  line.add(std::move(verifying));
}

} // namespace intendance::backupd
