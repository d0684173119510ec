// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/care_runner.hpp"

#include "backupd/engine/archive.hpp"
#include "backupd/engine/protection.hpp"
#include "core/error.hpp"
#include "core/log.hpp"
#include "storage/stoppable_store.hpp"

#include <map>

namespace intendance::backupd {

namespace {

constexpr std::size_t most_logged = 100; // findings of one run

void forget_by_rules(const CareConfig& care, const CareSetting& setting,
                     const Repository& repository, CareResult& result) {
  const auto decisions = decide(*care.keep, repository.snapshots(result.findings), std::nullopt,
                                setting.zone, setting.clock.now());
  const auto removed = forget(repository, decisions);
  result.forget = ForgetFigures{decisions.size() - removed, removed};
}

void prune_packs(const CareConfig& care, const CareSetting& setting,
                 const std::filesystem::path& scratch, const Repository& repository,
                 std::stop_token stop, CareResult& result) {
  PruneOptions options;
  options.machine = setting.machine;
  options.grace = care.grace;
  auto report = prune_in(scratch, repository, options, std::move(stop));
  result.prune = figures_of(report);
  result.findings = std::move(report.findings);
}

// What is kept stays locked: often enough that a lock never comes near its end.
void look_after_locks(const std::optional<LockFigures>& before, const CareSetting& setting,
                      const Repository& repository, std::stop_token stop, CareResult& result) {
  auto& store = repository.store();
  const auto now = setting.clock.now();
  const auto look = [&] {
    return look_at_protection(store, trust_object_name(repository.trust().version));
  };
  auto protection = look();
  LockFigures figures;
  figures.extended = before ? before->extended : std::nullopt;
  const auto period = protection.period;
  if (period.count() > 0 && (!figures.extended || now - *figures.extended >= period / 4)) {
    extend_locks(store, now + period, std::move(stop));
    figures.extended = now;
    protection = look();
  }
  figures.is_locked = protection.is_locked;
  figures.reason = protection.reason;
  if (before && before->is_locked && !figures.is_locked) {
    result.findings.push_back(protection_lost(store, figures.reason));
  }
  result.lock = figures;
}

void verify_in_turn(const CareConfig& care, const CareSetting& setting,
                    const std::filesystem::path& scratch, const Repository& repository,
                    std::stop_token stop, CareResult& result) {
  const auto now = setting.clock.now();
  VerifyLedger ledger(verify_ledger_file(setting.state, repository), now);
  const auto turn = reading_turn(*care.verify, setting.zone, now);
  VerifyOptions options;
  options.read_data = true;
  options.percent = turn.percent;
  options.unread_since = turn.unread_since;
  options.ledger = &ledger;
  auto report = verify_in(scratch, repository, options, std::move(stop));
  result.verify = figures_of(report);
  result.findings = std::move(report.findings);
  result.findings.insert(result.findings.end(), report.remarks.begin(), report.remarks.end());
}

// The newest snapshot of each job that has a name which a folder can have.
std::map<std::string, Snapshot> newest_of_jobs(const std::vector<Snapshot>& oldest_first) {
  std::map<std::string, Snapshot> newest;
  for (const auto& snapshot : oldest_first) {
    try {
      storage::check_object_name(archive_folder(snapshot));
      newest.insert_or_assign(snapshot.header.job, snapshot);
    } catch (const core::Error&) { // by hand, of some path
      continue;
    }
  }
  return newest;
}

void archive_newest(const CareConfig& care, const CareSetting& setting,
                    const std::filesystem::path& scratch, const Repository& repository,
                    const std::stop_token& stop, CareResult& result) {
  const auto& archive = *care.archive;
  const auto store =
      storage::stoppable(storage::open_store(archive.url, {archive.credentials_file, stop}), stop);
  ArchiveRequest request;
  request.part = archive.part;
  request.state = setting.state / "archives" / care.repository.name;
  request.repository = repository.store().address();
  core::make_folders(request.state);
  for (const auto& reader : repository.trust().readers)
    request.recipients.push_back(reader.recipient);
  ChunkIndex index(scratch / "index");
  repository.update(index, result.findings);
  ArchiveFigures figures;
  for (const auto& [job, snapshot] : newest_of_jobs(repository.snapshots(result.findings))) {
    SnapshotReader reader(repository, index, snapshot);
    const auto report = write_archive(reader, snapshot, *store, request, stop);
    figures.written += report.was_there ? 0 : 1;
    figures.bytes += report.bytes;
    if (archive.keep) forget_archives(*store, job, *archive.keep);
  }
  result.archive = figures;
}

std::initializer_list<Role> roles_for(CareTask task) {
  static constexpr std::initializer_list<Role> roles_to_read = {Role::reader};
  switch (task) {
  case CareTask::verify: return roles_to_verify;
  case CareTask::archive: return roles_to_read;
  default: return roles_to_maintain;
  }
}

void do_task(const CareConfig& care, CareTask task, const CareSetting& setting,
             const std::filesystem::path& scratch, const CareState& before,
             const std::stop_token& stop, CareResult& result) {
  auto store = storage::stoppable(open_store(care.repository, stop, setting.meters), stop);
  const auto repository = Repository::open(std::move(store), KeyFolder(care.repository.keys),
                                           roles_for(task), setting.state / "trust");
  result.repository_id = core::to_hex(repository.trust().repository);
  if (task != CareTask::verify) result.findings = repository.findings();
  switch (task) {
  case CareTask::forget: forget_by_rules(care, setting, repository, result); break;
  case CareTask::prune:
    prune_packs(care, setting, scratch, repository, stop, result);
    look_after_locks(before.lock, setting, repository, stop, result);
    break;
  case CareTask::verify: verify_in_turn(care, setting, scratch, repository, stop, result); break;
  case CareTask::archive: archive_newest(care, setting, scratch, repository, stop, result); break;
  }
  result.size = measure(repository);
}

void log_findings(const CareConfig& care, CareTask task, const std::vector<Finding>& findings) {
  for (std::size_t each = 0; each < std::min(findings.size(), most_logged); ++each) {
    core::log::warning("repository holds something that is not as it should be, going on",
                       {{"repository", care.repository.name},
                        {"task", std::string(name_of(task))},
                        {"object", findings[each].object},
                        {"reason", findings[each].message}});
  }
}

void log_result(const CareConfig& care, CareTask task, const CareResult& result) {
  const auto& name = care.repository.name;
  const auto& run = result.run;
  log_findings(care, task, result.findings);
  const auto seconds =
      std::to_string(std::chrono::floor<std::chrono::seconds>(run.finished - run.started).count());
  if (run.outcome == Outcome::failed) {
    core::log::error(
        "care failed, trying again soon",
        {{"repository", name}, {"task", std::string(name_of(task))}, {"reason", run.error}});
  } else if (task == CareTask::forget) {
    core::log::info("snapshots forgotten by the rules",
                    {{"repository", name},
                     {"kept", std::to_string(result.forget->kept)},
                     {"removed", std::to_string(result.forget->removed)},
                     {"seconds", seconds}});
  } else if (task == CareTask::prune) {
    core::log::info("repository pruned",
                    {{"repository", name},
                     {"marked_bytes", std::to_string(result.prune->marked_bytes)},
                     {"freed_bytes", std::to_string(result.prune->freed_bytes)},
                     {"seconds", seconds}});
  } else if (task == CareTask::archive) {
    core::log::info("archives written", {{"repository", name},
                                         {"archives", std::to_string(result.archive->written)},
                                         {"bytes", std::to_string(result.archive->bytes)},
                                         {"seconds", seconds}});
  } else if (result.verify->damaged_objects > 0) {
    core::log::error("repository is damaged; intendance verify names what it costs",
                     {{"repository", name},
                      {"damaged_objects", std::to_string(result.verify->damaged_objects)},
                      {"seconds", seconds}});
  } else {
    core::log::info("repository verified",
                    {{"repository", name},
                     {"bytes_read", std::to_string(result.verify->bytes_read)},
                     {"seconds", seconds}});
  }
}

} // namespace

PruneFigures figures_of(const PruneReport& report) {
  return {report.marked_bytes, report.waiting, report.deleted, report.deleted_bytes};
}

VerifyFigures figures_of(const VerifyReport& report) {
  VerifyFigures figures;
  figures.packs = report.packs;
  figures.packs_read = report.packs_read;
  figures.bytes_read = report.bytes_read;
  figures.damaged_objects = count_objects(report.findings);
  figures.lost_files = count_lost_files(report);
  figures.never_read_bytes = report.reading.never_read_bytes;
  figures.oldest_unread = report.reading.oldest_unread;
  return figures;
}

void remember(const CareStates& states, const std::string& repository, CareTask task,
              const CareResult& result, Counts counts) {
  auto state = states.load(repository);
  if (!result.repository_id.empty() && state.repository_id != result.repository_id) {
    if (!state.repository_id.empty()) state = {{}, state.first_seen, {}, {}, {}, {}, {}, {}, {}};
    state.repository_id = result.repository_id;
  }
  auto& remembered = state.of(task);
  if (counts == Counts::as_run) {
    const bool failed = result.run.outcome == Outcome::failed;
    if (!failed) remembered.last_success = result.run.finished;
    remembered.failures = failed ? remembered.failures + 1 : 0;
    remembered.last_run = result.run;
  }
  if (result.forget) state.forget = result.forget;
  if (result.prune) state.prune = result.prune;
  if (result.verify) state.verify = result.verify;
  if (result.lock) state.lock = result.lock;
  if (result.archive) state.archive = result.archive;
  if (result.size) state.size = result.size;
  states.store(repository, state);
}

CareResult run_care(const CareConfig& care, CareTask task, const CareSetting& setting,
                    std::stop_token stop) {
  const CareStates states(setting.state);
  const CareLock lock(states, care.repository.name);
  CareResult result;
  result.run.started = setting.clock.now();
  try {
    with_priority(setting.priority, [&] {
      do_task(care, task, setting, lock.scratch(), states.load(care.repository.name), stop, result);
    });
    result.run.findings = result.findings.size();
    result.run.outcome = result.findings.empty() ? Outcome::done : Outcome::warnings;
  } catch (const core::Cancelled&) {
    throw;
  } catch (const std::exception& error) { // the boundary of one task
    result.run.outcome = Outcome::failed;
    result.run.error = error.what();
  }
  result.run.finished = setting.clock.now();
  remember(states, care.repository.name, task, result);
  return result;
}

std::vector<Duty> care_duties(const std::vector<CareConfig>& all, const CareStates& states,
                              const CareSetting& setting) {
  std::vector<Duty> duties;
  for (const auto& care : all) {
    const auto& name = care.repository.name;
    for (const auto& key : care.not_yet) {
      core::log::warning("[[care]] asks for what this version does not do yet, going on without it",
                         {{"repository", name}, {"key", key}});
    }
    auto state = states.load(name);
    if (!state.first_seen) {
      state.first_seen = setting.clock.now();
      states.store(name, state);
    }
    for (const auto task : care_tasks) {
      duties.push_back({[&, task] {
                          return next_run(care, task, states.load(care.repository.name),
                                          setting.zone);
                        },
                        [&, task](std::stop_token stop) {
                          if (states.is_running(care.repository.name))
                            return; // by hand; then it is asked again
                          core::log::info("care begins", {{"repository", care.repository.name},
                                                          {"task", std::string(name_of(task))}});
                          log_result(care, task, run_care(care, task, setting, std::move(stop)));
                        }});
    }
  }
  return duties;
}

} // namespace intendance::backupd
