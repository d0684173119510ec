// SPDX-License-Identifier: AGPL-3.0-or-later
// forget, prune, repository rebuild-index: what the maintenance key does.
#include "backupd/care_memory.hpp"
#include "backupd/engine/index_rewriter.hpp"
#include "core/calendar.hpp"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace intendance::backupd {

namespace options = boost::program_options;
using core::CommandContext;
using core::ConfigError;
using core::ExitStatus;
using Json = nlohmann::json;

namespace {

unsigned count_of(const CommandContext& context, const char* option) {
  return context.has(option) ? context.values()[option].as<unsigned>() : 0;
}

KeepPolicy policy_of(const CommandContext& context) {
  KeepPolicy policy;
  policy.last = count_of(context, "keep-last");
  policy.hourly = count_of(context, "keep-hourly");
  policy.daily = count_of(context, "keep-daily");
  policy.weekly = count_of(context, "keep-weekly");
  policy.monthly = count_of(context, "keep-monthly");
  policy.yearly = count_of(context, "keep-yearly");
  return policy;
}

std::string joined(const std::vector<std::string>& texts) {
  std::string all;
  for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
  return all;
}

// Those named, or what the policy says of all.
std::vector<ForgetDecision> decide(const CommandContext& context, const Repository& repository,
                                   const std::vector<Snapshot>& all) {
  const auto named = context.texts("snapshot");
  const auto policy = policy_of(context);
  if (named.empty() == (policy == KeepPolicy{}))
    throw ConfigError("either SNAPSHOT… or --keep-last, --keep-daily… are wanted");
  if (named.empty()) {
    const auto job = context.has("job") ? std::optional(context.text("job")) : std::nullopt;
    return decide(policy, all, job, core::TimeZone::local(), core::system_clock().now());
  }
  std::vector<ForgetDecision> decisions;
  for (const auto& name : named) decisions.push_back({repository.find_snapshot(name), {}});
  return decisions;
}

void print(const CommandContext& context, const std::vector<ForgetDecision>& decisions) {
  auto json = Json::array();
  for (const auto& decision : decisions) {
    const auto id = core::to_hex(decision.snapshot.name);
    const auto& header = decision.snapshot.header;
    if (context.json()) {
      json.push_back({{"id", id},
                      {"job", header.job},
                      {"started", core::format_utc(header.started)},
                      {"kept", decision.is_kept()},
                      {"reasons", decision.reasons}});
    } else {
      fmt::print(context.out(), "{:<7}  {}  {:<12}  {}  {}\n",
                 decision.is_kept() ? "keep" : "forget", id.substr(0, 8), shown_path(header.job),
                 core::TimeZone::local().format(header.started), joined(decision.reasons));
    }
  }
  if (context.json()) context.out() << dumped(json);
}

// Each is named whole, by whoever read what prune or verify said of it.
ExitStatus forget_damaged_command(CommandContext& context, const Repository& repository) {
  const auto objects = context.texts("damaged");
  if (!context.texts("snapshot").empty() || policy_of(context) != KeepPolicy{})
    throw ConfigError("--damaged is wanted alone, without SNAPSHOT… or --keep…");
  for (const auto& object : objects) {
    if (!context.has("dry-run")) forget_damaged(repository, object);
    if (!context.json()) fmt::print(context.out(), "forget   {}\n", object);
  }
  if (context.json()) context.out() << dumped(Json(objects));
  return status_of(report(context, repository.findings()));
}

ExitStatus forget_command(CommandContext& context) {
  const auto repository = open_repository(context, roles_to_maintain);
  if (context.has("damaged")) return forget_damaged_command(context, repository);
  auto findings = repository.findings();
  const auto all = repository.snapshots(findings);
  const auto decisions = decide(context, repository, all);
  const bool dry_run = context.has("dry-run");
  if (!dry_run) forget(repository, decisions);
  print(context, decisions);
  if (!context.json()) {
    const auto forgotten = std::count_if(decisions.begin(), decisions.end(),
                                         [](const auto& each) { return !each.is_kept(); });
    fmt::print(context.out(),
               "{} of {} snapshots {}; what only they needed goes with the next prune\n", forgotten,
               all.size(), dry_run ? "would be forgotten" : "forgotten");
  }
  return status_of(report(context, findings));
}

Json json_of(const PruneReport& result) {
  Json json = {{"snapshots", result.snapshots},
               {"packs", result.packs},
               {"bytes", result.bytes},
               {"marked", result.marked},
               {"marked_bytes", result.marked_bytes},
               {"waiting", result.waiting},
               {"deleted", result.deleted},
               {"deleted_bytes", result.deleted_bytes},
               {"rescued", result.rescued},
               {"rewritten", result.rewritten},
               {"rewritten_bytes", result.rewritten_bytes},
               {"sessions", result.sessions},
               {"held_back", result.held_back}};
  return json;
}

void print(std::ostream& out, const PruneReport& result, bool dry_run) {
  fmt::print(out, "needed by  {} snapshots\nholds      {} packs  {}\n", result.snapshots,
             shown_count(result.packs), shown_bytes(result.bytes));
  if (result.rewritten > 0)
    fmt::print(out, "rewritten  {} packs, of which {} were needed\n", shown_count(result.rewritten),
               shown_bytes(result.rewritten_bytes));
  fmt::print(out, "{:<11}{} packs  {}\n", dry_run ? "to mark" : "marked",
             shown_count(result.marked), shown_bytes(result.marked_bytes));
  if (result.waiting > 0)
    fmt::print(out, "waiting    {} marked packs, for the grace period to end\n",
               shown_count(result.waiting));
  for (const auto& reason : result.held_back) fmt::print(out, "waiting    {}\n", reason);
  if (result.rescued > 0)
    fmt::print(out, "copied     what was needed of {} marked packs\n", shown_count(result.rescued));
  if (!dry_run)
    fmt::print(out, "deleted    {} packs  {}\n", shown_count(result.deleted),
               shown_bytes(result.deleted_bytes));
}

ExitStatus prune_command(CommandContext& context) {
  PruneOptions wanted;
  wanted.grace = span_option(context, "grace");
  wanted.dry_run = context.has("dry-run");
  wanted.machine = context.text("machine", "maintenance");
  CareMemory care(context, CareTask::prune);
  ProgressBar bar(context);
  const auto repository = open_repository(context, roles_to_maintain);
  const auto result = prune_in(care.scratch(), repository, wanted, context.stop(), bar.work());
  if (!wanted.dry_run) {
    CareResult told;
    told.prune = figures_of(result);
    told.findings = result.findings;
    care.remember(repository, std::move(told), Counts::as_run);
  }
  bar.finish();
  if (context.json())
    context.out() << dumped(json_of(result));
  else
    print(context.out(), result, wanted.dry_run);
  return status_of(report(context, result.findings));
}

ExitStatus rebuild_index(CommandContext& context) {
  ProgressBar bar(context);
  const auto repository = open_repository(context, roles_to_maintain);
  auto findings = repository.findings();
  std::vector<storage::ObjectInfo> indexes, packs;
  repository.store().list("indexes/", [&](const auto& info) { indexes.push_back(info); });
  repository.store().list("packs/", [&](const auto& info) { packs.push_back(info); });
  IndexRewriter rewriter(repository);
  std::uint64_t chunks = 0, read = 0;
  bar.work()->begin(WorkPhase::listing, {packs.size()});
  for (const auto& info : packs) {
    if (context.stop().stop_requested()) throw core::Cancelled("stopped as asked");
    try {
      const auto name = digest_of(info.name);
      if (!name) throw core::CorruptData("is not a name of a pack");
      auto pack = repository.read_pack_info(*name, info.size);
      chunks += pack.directory.chunks.size();
      rewriter.add(std::move(pack));
      ++read;
    } catch (const core::CorruptData& error) {
      findings.push_back({info.name, error.what()});
    }
    bar.work()->add_item();
  }
  bar.work()->begin(WorkPhase::storing);
  for (const auto& info : indexes) rewriter.drop(info);
  rewriter.finish();
  bar.finish();
  if (context.json())
    context.out() << dumped(
        Json{{"packs", read}, {"chunks", chunks}, {"replaced", indexes.size()}});
  else
    fmt::print(context.out(), "indexed    {} packs, {} chunks\nreplaced   {} indexes\n",
               shown_count(read), shown_count(chunks), indexes.size());
  return status_of(report(context, findings));
}

} // namespace

void register_maintenance_commands(core::CommandLine& line) {
  auto forgetting = make_command(
      "forget", "Forget snapshots, by rules or by name (maintenance.key)",
      "--keep-last N|--keep-daily N… | SNAPSHOT…",
      "intendance forget --repository web-1 --keep-daily 7 --keep-weekly 5 --keep-monthly 12\n"
      "intendance forget --repository web-1 7f3a9c1e",
      forget_command);
  auto add = forgetting.options.add_options();
  for (const auto& [name, what] :
       {std::pair("keep-last", "the newest N"), std::pair("keep-hourly", "the newest of N hours"),
        std::pair("keep-daily", "the newest of N days"),
        std::pair("keep-weekly", "the newest of N weeks"),
        std::pair("keep-monthly", "the newest of N months"),
        std::pair("keep-yearly", "the newest of N years")}) {
    add(name, options::value<unsigned>()->value_name("N"), what);
  }
  add("snapshot", options::value<std::vector<std::string>>());
  add("job", options::value<std::string>()->value_name("NAME"), "only of this job");
  add("damaged", options::value<std::vector<std::string>>()->value_name("OBJECT"),
      "give up a snapshot that cannot be read, snapshots/… whole, so that prune goes on without "
      "it; may be repeated");
  add("dry-run", "only say what would be forgotten");
  forgetting.positional = {{"snapshot", -1}};
  line.add(std::move(forgetting));

  auto pruning = make_command("prune", "Delete what no snapshot needs (maintenance.key)", "",
                              "intendance prune --repository web-1 --dry-run\n"
                              "intendance prune --repository web-1 --grace 7d",
                              prune_command);
  pruning.options.add_options()("grace", options::value<std::string>()->value_name("SPAN"),
                                "how long packs stay marked before they are deleted (the "
                                "repository's own, 7d)")("dry-run",
                                                         "only say what would be marked")(
      "machine", options::value<std::string>()->value_name("NAME"), "who prunes");
  add_priority(pruning, Urgency::background);
  line.add(std::move(pruning));

  auto rebuilding = make_command(
      "repository rebuild-index", "Make the indexes anew from the packs (maintenance.key)", "",
      "intendance repository rebuild-index --repository web-1", rebuild_index);
  add_priority(rebuilding, Urgency::background);
  line.add(std::move(rebuilding));
}

} // namespace intendance::backupd
