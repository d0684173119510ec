// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/job_runner.hpp"

#include "backupd/engine/protection.hpp"
#include "backupd/sources/postgresql.hpp"
#include "core/error.hpp"
#include "core/log.hpp"

namespace intendance::backupd {

namespace {

BackupRequest request_of(const std::string& machine, const JobConfig& job,
                         const std::filesystem::path& state, std::stop_token stop) {
  BackupRequest request;
  request.machine = machine;
  request.job = job.name;
  request.roots = job.paths;
  for (const auto& uri : job.postgresql) request.streams.push_back(postgresql_stream(uri, stop));
  request.walk.exclude = job.exclude;
  request.walk.one_file_system = job.one_file_system;
  request.walk.exclude_caches = job.exclude_caches;
  request.state = state;
  return request;
}

// As much as last time.
WorkTotal expected_of(const JobState& state) {
  if (!state.last_run) return {};
  return {state.last_run->files, state.last_run->bytes, true};
}

void fill(RunRecord& record, const BackupResult& result) {
  record.outcome =
      result.header.warnings > 0 || !result.findings.empty() ? Outcome::warnings : Outcome::done;
  record.snapshot = core::to_hex(result.snapshot);
  record.files = result.header.files;
  record.new_files = result.new_files;
  record.changed_files = result.changed_files;
  record.unchanged_files = result.unchanged_files;
  record.bytes = result.header.bytes;
  record.read_bytes = result.read_bytes;
  record.new_bytes = result.header.new_bytes;
  record.stored_bytes = result.header.stored_bytes;
  record.warnings = result.header.warnings + result.findings.size();
}

// After the backup, when the snapshot is there and shows what the store did with it.
void look_at_locks(storage::ObjectStore& store, const std::optional<RunRecord>& before,
                   const SnapshotName& snapshot, JobRun& run) {
  std::string reason;
  try {
    const auto protection = look_at_protection(store, snapshot_object_name(snapshot));
    run.record.locked = protection.is_locked;
    reason = protection.reason;
  } catch (const core::TransientError& error) { // the backup is done all the same
    reason = error.what();
  }
  if (run.record.locked || !before || !before->locked) return;
  run.findings.push_back(protection_lost(store, reason));
  ++run.record.warnings;
  run.record.outcome = Outcome::warnings;
}

} // namespace

JobRun run_job(const JobConfig& job, const JobSetting& setting, std::stop_token stop,
               WorkCounters* work) {
  const auto& state = setting.state;
  const JobStates states(state);
  const JobLock lock(states, job.name);
  JobRun run;
  run.record.started = core::system_clock().now();
  try {
    auto repository =
        Repository::open(open_store(job.repository, stop, setting.meters),
                         KeyFolder(job.repository.keys), {Role::writer}, state / "trust");
    auto request = request_of(setting.machine, job, state, stop);
    const auto before = states.load(job.name);
    request.expected = expected_of(before);
    auto result = back_up(repository, request, stop, work);
    fill(run.record, result);
    run.warnings = std::move(result.warnings);
    run.findings = std::move(result.findings);
    look_at_locks(repository.store(), before.last_run, result.snapshot, run);
  } catch (const core::Cancelled&) {
    throw; // not a failure: what is remembered stays, and the job is still due
  } catch (const std::exception& error) { // the boundary of one backup job
    run.record.outcome = Outcome::failed;
    run.record.error = error.what();
  }
  run.record.finished = core::system_clock().now();
  auto remembered = states.load(job.name);
  if (run.record.outcome != Outcome::failed) remembered.last_success = run.record.finished;
  remembered.failures = run.record.outcome == Outcome::failed ? remembered.failures + 1 : 0;
  remembered.last_run = run.record;
  try {
    states.store(job.name, remembered);
  } catch (const core::Error& error) { // the backup is done all the same
    run.findings.push_back(
        {state.string(), std::string("the run cannot be remembered: ") + error.what()});
    ++run.record.warnings;
    if (run.record.outcome == Outcome::done) run.record.outcome = Outcome::warnings;
  }
  return run;
}

namespace {

void log_run(const JobConfig& job, const JobRun& run) {
  for (const auto& finding : run.findings) {
    core::log::warning(
        "repository holds something that is not as it should be, going on without it",
        {{"job", job.name}, {"object", finding.object}, {"reason", finding.message}});
  }
  for (const auto& warning : run.warnings) {
    core::log::warning("backed up as far as it could be read",
                       {{"job", job.name}, {"path", warning.path}, {"reason", warning.message}});
  }
  const auto seconds =
      std::chrono::duration_cast<std::chrono::seconds>(run.record.finished - run.record.started);
  if (run.record.outcome == Outcome::failed) {
    return core::log::error("backup failed, trying again at its next time",
                            {{"job", job.name}, {"reason", run.record.error}});
  }
  core::log::info("backup done", {{"job", job.name},
                                  {"snapshot", run.record.snapshot.substr(0, 8)},
                                  {"files", std::to_string(run.record.files)},
                                  {"read_bytes", std::to_string(run.record.read_bytes)},
                                  {"new_bytes", std::to_string(run.record.new_bytes)},
                                  {"warnings", std::to_string(run.record.warnings)},
                                  {"seconds", std::to_string(seconds.count())}});
}

} // namespace

std::function<void(const JobConfig&, std::stop_token)> logged_runner(const JobSetting& setting) {
  return [setting](const JobConfig& job, std::stop_token stop) {
    core::log::info("backup begins", {{"job", job.name}, {"repository", job.repository.name}});
    with_priority(setting.priority, [&] { log_run(job, run_job(job, setting, stop)); });
  };
}

} // namespace intendance::backupd
