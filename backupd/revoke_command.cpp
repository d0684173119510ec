// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/key_change.hpp"
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

// A day, from its beginning here, or a moment of UTC.
std::optional<core::TimePoint> before_of(const CommandContext& context) {
  if (!context.has("before")) return std::nullopt;
  const auto text = context.text("before");
  try {
    if (text.find('T') != std::string::npos) return core::parse_utc(text);
    return core::TimeZone::local().moment(core::parse_date(text), std::chrono::seconds(0));
  } catch (const core::Error&) {
    throw ConfigError("--before " + text +
                      ": a day like 2026-11-23 or a moment like 2026-11-23T02:15:31Z is wanted");
  }
}

struct SignedSnapshots {
  std::vector<core::Digest> counting; // sorted
  std::size_t refused = 0;            // since `before`
  bool all_read = true;
};

// Whether it is proven that no trusted writer signed that. What the store does not hand out today,
// or somebody damaged, may be whole tomorrow; and only what a key signed counts, however it is
// named.
bool is_nobodys(const Repository& repository, const SnapshotName& name) {
  try {
    const auto object = repository.store().get(snapshot_object_name(name), longest_snapshot);
    if (!object) return true;
    decode_snapshot(name, *object, repository.trust(), repository.secrets());
    return false;
  } catch (const core::Unanswered&) {
    throw;
  } catch (const core::AccessDenied&) {
    return true;
  } catch (const core::Error&) {
    return false;
  }
}

// What a writer signed and the store shows now. When each came is judged by the store's clock: the
// time that is written in it is the writer's word.
SignedSnapshots snapshots_of(const CommandContext& context, const core::PublicKey& writer,
                             const std::optional<core::TimePoint>& before) {
  const auto repository = open_repository(context, {Role::reader});
  std::vector<Finding> findings;
  const auto all = repository.snapshots(findings);
  report(context, findings);
  SignedSnapshots found;
  const auto take = [&](const SnapshotName& name) {
    const auto stored = repository.store().head(snapshot_object_name(name));
    if (stored && (!before || stored->modified < *before))
      found.counting.push_back(name);
    else
      ++found.refused;
  };
  for (const auto& snapshot : all) {
    if (snapshot.writer == writer) take(snapshot.name);
  }
  for (const auto& finding : findings) {
    const auto name =
        finding.object.starts_with("snapshots/") ? digest_of(finding.object) : std::nullopt;
    if (!name) continue;
    found.all_read = false;
    if (!is_nobodys(repository, *name)) take(*name);
  }
  std::sort(found.counting.begin(), found.counting.end());
  return found;
}

std::string_view name_of(Role role) {
  return role == Role::reader ? "reader" : role == Role::maintainer ? "maintainer" : "writer";
}

struct Outcome {
  Role role = Role::reader;
  std::string name;
  std::uint32_t version = 0, epoch = 0;
  bool fresh = false; // deduplication begins anew
  SignedSnapshots snapshots;
};

// What is safe now and what is not: nobody should believe more.
struct Consequence {
  std::string_view kind;
  std::string text;
};

std::vector<Consequence> of_reader(const Outcome& outcome) {
  std::vector<Consequence> all = {
      {"protected", fmt::format("what machines write from trust version {} on, each from its next "
                                "backup: {} reads none of it",
                                outcome.version, outcome.name)},
      {"open",
       fmt::format("all that was stored before, for as long as {} gets at the store or at a "
                   "copy of it",
                   outcome.name)}};
  if (!outcome.fresh) {
    all.push_back({"open", "new backups go on using chunks stored before: whoever has the key and "
                           "can write to the store can still place wrong ones among them; --fresh "
                           "ends that, for one full upload"});
  }
  return all;
}

std::vector<Consequence> of_maintainer(const Outcome& outcome) {
  return {{"protected", fmt::format("the structure of what is written from trust version {} on; "
                                    "contents were never open to {}",
                                    outcome.version, outcome.name)},
          {"open", "ids, sizes and headers of what was stored before"}};
}

std::vector<Consequence> of_writer(const Outcome& outcome) {
  const auto refused =
      outcome.snapshots.refused == 0
          ? std::string()
          : fmt::format("; {} that came later are refused", outcome.snapshots.refused);
  return {
      {"protected", fmt::format("nothing that this key signs counts any more, but what the trust "
                                "object names: snapshots {}{}",
                                outcome.snapshots.counting.size(), refused)},
      {"protected", "new backups build on nothing that a thief may have placed: the names and "
                    "the structure of what is stored have new secrets"},
      {"open", "with a copy of the store, whoever has the key sees ids and sizes of what was "
               "stored before, and can tell whether a file that he has is among it"},
      {"open", "the snapshots that count are the key's word: a theft before the revocation may "
               "be among them; --before DAY leaves out what came since"},
      {"now", fmt::format("give {} a new key: intendance key generate writer there, intendance "
                          "key add-writer here",
                          outcome.name)}};
}

std::vector<Consequence> consequences(const Outcome& outcome) {
  auto all = outcome.role == Role::reader       ? of_reader(outcome)
             : outcome.role == Role::maintainer ? of_maintainer(outcome)
                                                : of_writer(outcome);
  if (outcome.fresh) {
    all.push_back({"cost",
                   "the next backup of each machine uploads everything once; the old chunks "
                   "go when the last snapshot that needs them is forgotten and pruned"});
  }
  all.push_back({"now", "change the store's credentials that went with this key: they still write "
                        "and delete, and no key here can hinder that"});
  return all;
}

void print(const CommandContext& context, const Outcome& outcome) {
  const auto lines = consequences(outcome);
  if (context.json()) {
    Json json = {{"role", name_of(outcome.role)},    {"name", outcome.name},
                 {"trust_version", outcome.version}, {"epoch", outcome.epoch},
                 {"fresh", outcome.fresh},           {"consequences", Json::array()}};
    if (outcome.role == Role::writer) {
      json["snapshots"] = outcome.snapshots.counting.size();
      json["refused_snapshots"] = outcome.snapshots.refused;
    }
    for (const auto& [kind, text] : lines)
      json["consequences"].push_back({{"kind", kind}, {"text", text}});
    context.out() << dumped(json);
    return;
  }
  fmt::print(context.out(), "revoked      {} {}\ntrust        version {}, epoch {}\n\n",
             name_of(outcome.role), outcome.name, outcome.version, outcome.epoch);
  for (const auto& [kind, text] : lines) fmt::print(context.out(), "{:<12} {}\n", kind, text);
}

ExitStatus key_revoke(CommandContext& context) {
  const auto before = before_of(context);
  auto change = begin_key_change(context);
  const auto someone = find_someone(change.next, context.text("who"));
  if (before && someone.role != Role::writer)
    throw ConfigError("--before is for a writer: it says which of its snapshots still count");
  Outcome outcome;
  outcome.role = someone.role;
  if (someone.role == Role::writer) {
    const auto& writer = change.next.writers.at(someone.place);
    outcome.name = writer.name;
    outcome.snapshots = snapshots_of(context, writer.signs, before);
  } else {
    outcome.name = (someone.role == Role::reader ? change.next.readers : change.next.maintainers)
                       .at(someone.place)
                       .name;
  }
  revoke(change.next, change.secrets, someone, context.has("fresh") ? Naming::fresh : Naming::kept,
         outcome.snapshots.counting);
  finish_key_change(context, change);
  outcome.version = change.next.version;
  outcome.epoch = change.next.epochs.back().number;
  outcome.fresh = change.next.deduplicate_from == outcome.epoch;
  print(context, outcome);
  return status_of(!change.trust.findings.empty() || !outcome.snapshots.all_read);
}

} // namespace

void register_revoke_command(core::CommandLine& line) {
  auto command = make_command(
      "key revoke", "End somebody's trust, and say what that protects (owner.key and reader.key)",
      "NAME|age1…|intendance-writer1…",
      "intendance key revoke web-1 --before 2026-11-20 --repository web-1", key_revoke);
  command.options.add_options()("who", options::value<std::string>()->required())(
      "before", options::value<std::string>()->value_name("DAY"),
      "of a writer: only the snapshots that the store got before this still count, by its clock; "
      "otherwise all that are there now")(
      "fresh", "renew the names of chunks too (a writer's revocation always does): deduplication "
               "begins anew, for one full upload");
  command.positional = {{"who", 1}};
  line.add(std::move(command));
}

} // namespace intendance::backupd
