// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/job_state.hpp"

#include "core/error.hpp"

#include <nlohmann/json.hpp>

namespace intendance::backupd {

using Json = nlohmann::json;

namespace {

Json json_of(const RunRecord& run) {
  return {{"started", core::format_utc(run.started)},
          {"finished", core::format_utc(run.finished)},
          {"outcome", name_of(run.outcome)},
          {"error", run.error},
          {"snapshot", run.snapshot},
          {"files", run.files},
          {"new_files", run.new_files},
          {"changed_files", run.changed_files},
          {"unchanged_files", run.unchanged_files},
          {"bytes", run.bytes},
          {"read_bytes", run.read_bytes},
          {"new_bytes", run.new_bytes},
          {"stored_bytes", run.stored_bytes},
          {"warnings", run.warnings},
          {"locked", run.locked}};
}

RunRecord run_of(const Json& json) {
  RunRecord run;
  run.started = core::parse_utc(json.at("started"));
  run.finished = core::parse_utc(json.at("finished"));
  run.outcome = outcome_of(json.at("outcome"));
  run.error = json.at("error");
  run.snapshot = json.at("snapshot");
  run.files = json.at("files");
  run.new_files = count_of(json, "new_files");
  run.changed_files = count_of(json, "changed_files");
  run.unchanged_files = count_of(json, "unchanged_files");
  run.bytes = count_of(json, "bytes");
  run.read_bytes = json.at("read_bytes");
  run.new_bytes = json.at("new_bytes");
  run.stored_bytes = json.at("stored_bytes");
  run.warnings = json.at("warnings");
  run.locked = json.value("locked", false);
  return run;
}

} // namespace

JobState JobStates::load(const std::string& job) const {
  return folder_.load<JobState>(job, [](const std::string& text) {
    const auto json = Json::parse(text);
    JobState state;
    state.first_seen = time_of(json, "first_seen");
    state.last_success = time_of(json, "last_success");
    state.failures = count_of(json, "failures");
    if (json.contains("last_run") && !json.at("last_run").is_null())
      state.last_run = run_of(json.at("last_run"));
    return state;
  });
}

void JobStates::store(const std::string& job, const JobState& state) const {
  folder_.store(job, {{"first_seen", time_or_null(state.first_seen)},
                      {"last_success", time_or_null(state.last_success)},
                      {"failures", state.failures},
                      {"last_run", state.last_run ? json_of(*state.last_run) : Json()}});
}

JobLock::JobLock(const JobStates& states, const std::string& job)
    : file_(states.folder_.lock(job)) {
  if (!file_) throw core::Error("job " + job + " is running already; this run is left out");
}

} // namespace intendance::backupd
