// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/upkeep.hpp"

#include "backupd/repository/catalogue.hpp"

#include <set>

namespace intendance::backupd {

std::vector<ForgetDecision> decide(const KeepPolicy& policy, const std::vector<Snapshot>& snapshots,
                                   const std::optional<std::string>& job,
                                   const core::TimeZone& zone, core::TimePoint now) {
  std::vector<ForgetDecision> decisions;
  std::vector<RetentionItem> items;
  for (const auto& snapshot : snapshots) {
    if (job && snapshot.header.job != *job) continue;
    decisions.push_back({snapshot, {}});
    items.push_back({core::to_hex(snapshot.name), snapshot.header.job, snapshot.header.started,
                     snapshot.header.sequence});
  }
  auto retained = apply_policy(policy, items, zone, now);
  for (std::size_t each = 0; each < decisions.size(); ++each)
    decisions[each].reasons = std::move(retained[each].reasons);
  return decisions;
}

std::uint64_t forget(const Repository& repository, const std::vector<ForgetDecision>& decisions) {
  std::uint64_t forgotten = 0;
  for (const auto& decision : decisions) {
    if (decision.is_kept()) continue;
    repository.store().remove(snapshot_object_name(decision.snapshot.name));
    ++forgotten;
  }
  return forgotten;
}

void forget_damaged(const Repository& repository, const std::string& object) {
  if (!object.starts_with("snapshots/") || !repository.store().head(object))
    throw core::ConfigError("\"" + object +
                            "\" is no object of the repository; one that intendance verify or "
                            "prune names is wanted, snapshots/… whole");
  try {
    const auto name = digest_of(object);
    const auto content = repository.store().get(object, longest_snapshot);
    if (!name || !content) throw core::CorruptData("is not a snapshot");
    decode_snapshot(*name, *content, repository.trust(), repository.secrets());
  } catch (const core::Unanswered&) {
    throw;
  } catch (const core::Error&) {
    return repository.store().remove(object);
  }
  throw core::ConfigError(object + " is a snapshot that can be read; to forget it, give its id");
}

PruneReport prune_in(const std::filesystem::path& scratch, const Repository& repository,
                     PruneOptions options, std::stop_token stop, WorkCounters* work) {
  options.spool = repository.store().spool_folder().value_or(scratch);
  ChunkIndex index(scratch / "index");
  auto report = prune(repository, index, options, stop, work);
  if (!options.dry_run) write_catalogues(repository.store(), std::move(stop));
  return report;
}

VerifyReport verify_in(const std::filesystem::path& scratch, const Repository& repository,
                       const VerifyOptions& options, std::stop_token stop, WorkCounters* work) {
  ChunkIndex index(scratch / "index");
  return verify(repository, index, options, std::move(stop), work);
}

std::filesystem::path verify_ledger_file(const std::filesystem::path& state,
                                         const Repository& repository) {
  return state / "verified" / core::to_hex(repository.trust().repository);
}

std::uint64_t count_objects(const std::vector<Finding>& findings) {
  std::set<std::string> objects;
  for (const auto& finding : findings) objects.insert(finding.object);
  return objects.size();
}

std::optional<std::uint64_t> count_lost_files(const VerifyReport& report) {
  if (!report.files_known) return std::nullopt;
  std::set<std::string> paths;
  for (const auto& file : report.damaged) paths.insert(file.path);
  return paths.size();
}

RepositorySize measure(const Repository& repository) {
  RepositorySize size;
  repository.store().list("", [&](const storage::ObjectInfo& info) {
    size.bytes += info.size;
    size.snapshots += info.name.starts_with("snapshots/") ? 1 : 0;
    size.packs += info.name.starts_with("packs/") ? 1 : 0;
  });
  return size;
}

} // namespace intendance::backupd
