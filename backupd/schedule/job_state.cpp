// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/job_state.hpp"

#include "core/error.hpp"
#include "core/log.hpp"

#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>

#include <cerrno>

namespace intendance::backupd {

using Json = nlohmann::json;

namespace {

constexpr std::array<const char*, 3> outcome_names = {"done", "warnings", "failed"};

Json json_of(const RunRecord& run) {
  return {{"started", core::format_utc(run.started)},
          {"finished", core::format_utc(run.finished)},
          {"outcome", outcome_names[static_cast<std::size_t>(run.outcome)]},
          {"error", run.error},
          {"snapshot", run.snapshot},
          {"files", run.files},
          {"read_bytes", run.read_bytes},
          {"new_bytes", run.new_bytes},
          {"stored_bytes", run.stored_bytes},
          {"warnings", run.warnings}};
}

Outcome outcome_of(const std::string& name) {
  for (std::size_t each = 0; each < outcome_names.size(); ++each) {
    if (name == outcome_names[each]) return static_cast<Outcome>(each);
  }
  throw core::CorruptData("holds an unknown outcome");
}

RunRecord run_of(const Json& json) {
  RunRecord run;
  run.started = core::parse_utc(json.at("started"));
  run.finished = core::parse_utc(json.at("finished"));
  run.outcome = outcome_of(json.at("outcome"));
  run.error = json.at("error");
  run.snapshot = json.at("snapshot");
  run.files = json.at("files");
  run.read_bytes = json.at("read_bytes");
  run.new_bytes = json.at("new_bytes");
  run.stored_bytes = json.at("stored_bytes");
  run.warnings = json.at("warnings");
  return run;
}

Json time_or_null(const std::optional<core::TimePoint>& time) {
  return time ? Json(core::format_utc(*time)) : Json();
}

std::optional<core::TimePoint> time_of(const Json& json, const char* key) {
  if (!json.contains(key) || json.at(key).is_null()) return std::nullopt;
  return core::parse_utc(json.at(key));
}

} // namespace

JobStates::JobStates(const std::filesystem::path& state_folder) : folder_(state_folder / "jobs") {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    throw core::Error("cannot make folder " + folder_.string() + ": " + error.message() +
                      "; it must belong to whoever runs this");
  }
}

JobState JobStates::load(const std::string& job) const {
  const auto file = folder_ / (job + ".json");
  if (!std::filesystem::exists(file)) return {};
  try {
    const auto json = Json::parse(core::read_file(file));
    JobState state;
    state.first_seen = time_of(json, "first_seen");
    state.last_success = time_of(json, "last_success");
    if (json.contains("last_run") && !json.at("last_run").is_null())
      state.last_run = run_of(json.at("last_run"));
    return state;
  } catch (const std::exception& error) {
    core::log::warning("state of a job cannot be read, going on as if it never ran",
                       {{"job", job}, {"file", file.string()}, {"reason", error.what()}});
    return {};
  }
}

void JobStates::store(const std::string& job, const JobState& state) const {
  const Json json = {{"first_seen", time_or_null(state.first_seen)},
                     {"last_success", time_or_null(state.last_success)},
                     {"last_run", state.last_run ? json_of(*state.last_run) : Json()}};
  const auto text = json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
  core::write_file_atomically(folder_ / (job + ".json"), text, 0640);
}

bool JobStates::is_running(const std::string& job) const {
  const core::FileDescriptor file(
      ::open((folder_ / (job + ".lock")).c_str(), O_RDONLY | O_CLOEXEC));
  return file && ::flock(file.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

JobLock::JobLock(const JobStates& states, const std::string& job)
    : file_(core::open_file(states.folder_ / (job + ".lock"), O_RDWR | O_CREAT, 0640)) {
  if (::flock(file_.get(), LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK)
    throw core::Error("job " + job + " is running already; this run is left out");
  core::throw_errno("cannot lock job " + job);
}

} // namespace intendance::backupd
