// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/schedule/care_state.hpp"

#include "core/error.hpp"

#include <nlohmann/json.hpp>

namespace intendance::backupd {

using Json = nlohmann::json;

namespace {

Json json_of(const TaskState& task) {
  Json json = {{"last_success", time_or_null(task.last_success)},
               {"failures", task.failures},
               {"last_run", Json()}};
  if (const auto& run = task.last_run) {
    json["last_run"] = {{"started", core::format_utc(run->started)},
                        {"finished", core::format_utc(run->finished)},
                        {"outcome", name_of(run->outcome)},
                        {"error", run->error},
                        {"findings", run->findings}};
  }
  return json;
}

TaskState task_of(const Json& json) {
  TaskState task;
  if (json.is_null()) return task; // of an older version, which did not have it
  task.last_success = time_of(json, "last_success");
  task.failures = count_of(json, "failures");
  if (const auto& run = json.at("last_run"); !run.is_null()) {
    task.last_run =
        CareRun{core::parse_utc(run.at("started")), core::parse_utc(run.at("finished")),
                outcome_of(run.at("outcome")), run.at("error"), count_of(run, "findings")};
  }
  return task;
}

Json json_of(const ForgetFigures& figures) {
  return {{"kept", figures.kept}, {"removed", figures.removed}};
}
ForgetFigures forget_of(const Json& json) {
  return {count_of(json, "kept"), count_of(json, "removed")};
}

Json json_of(const PruneFigures& figures) {
  return {{"marked_bytes", figures.marked_bytes},
          {"waiting_packs", figures.waiting_packs},
          {"deleted_packs", figures.deleted_packs},
          {"freed_bytes", figures.freed_bytes}};
}
PruneFigures prune_of(const Json& json) {
  return {count_of(json, "marked_bytes"), count_of(json, "waiting_packs"),
          count_of(json, "deleted_packs"), count_of(json, "freed_bytes")};
}

Json json_of(const VerifyFigures& figures) {
  return {{"packs", figures.packs},
          {"packs_read", figures.packs_read},
          {"bytes_read", figures.bytes_read},
          {"damaged_objects", figures.damaged_objects},
          {"lost_files", figures.lost_files ? Json(*figures.lost_files) : Json()},
          {"never_read_bytes", figures.never_read_bytes},
          {"oldest_unread", time_or_null(figures.oldest_unread)}};
}
VerifyFigures verify_of(const Json& json) {
  VerifyFigures figures;
  figures.packs = count_of(json, "packs");
  figures.packs_read = count_of(json, "packs_read");
  figures.bytes_read = count_of(json, "bytes_read");
  figures.damaged_objects = count_of(json, "damaged_objects");
  if (!json.at("lost_files").is_null()) figures.lost_files = count_of(json, "lost_files");
  figures.never_read_bytes = count_of(json, "never_read_bytes");
  figures.oldest_unread = time_of(json, "oldest_unread");
  return figures;
}

Json json_of(const LockFigures& figures) {
  return {{"locked", figures.is_locked},
          {"reason", figures.reason},
          {"extended", time_or_null(figures.extended)}};
}
LockFigures lock_of(const Json& json) {
  return {json.at("locked"), json.at("reason"), time_of(json, "extended")};
}

Json json_of(const ArchiveFigures& figures) {
  return {{"written", figures.written}, {"bytes", figures.bytes}};
}
ArchiveFigures archive_of(const Json& json) {
  return {count_of(json, "written"), count_of(json, "bytes")};
}

Json json_of(const RepositorySize& size) {
  return {{"snapshots", size.snapshots}, {"packs", size.packs}, {"bytes", size.bytes}};
}
RepositorySize size_of(const Json& json) {
  return {count_of(json, "snapshots"), count_of(json, "packs"), count_of(json, "bytes")};
}

template <class Figures>
Json figures_or_null(const std::optional<Figures>& figures) {
  return figures ? json_of(*figures) : Json();
}

template <class Figures>
std::optional<Figures> figures_of(const Json& json, const char* key,
                                  Figures (*read)(const Json& json)) {
  if (!json.contains(key) || json.at(key).is_null()) return std::nullopt;
  return read(json.at(key));
}

CareState state_of(const std::string& text) {
  const auto json = Json::parse(text);
  CareState state;
  state.repository_id = json.at("repository_id");
  state.first_seen = time_of(json, "first_seen");
  for (const auto task : care_tasks)
    state.of(task) = task_of(json.at("tasks").value(std::string(name_of(task)), Json()));
  state.forget = figures_of(json, "forget", forget_of);
  state.prune = figures_of(json, "prune", prune_of);
  state.verify = figures_of(json, "verify", verify_of);
  state.lock = figures_of(json, "lock", lock_of);
  state.archive = figures_of(json, "archive", archive_of);
  state.size = figures_of(json, "size", size_of);
  return state;
}

} // namespace

std::string_view name_of(CareTask task) {
  switch (task) {
  case CareTask::forget: return "forget";
  case CareTask::prune: return "prune";
  case CareTask::verify: return "verify";
  case CareTask::archive: break;
  }
  return "archive";
}

CareState CareStates::load(const std::string& repository) const {
  return folder_.load<CareState>(repository, state_of);
}

void CareStates::store(const std::string& repository, const CareState& state) const {
  Json tasks;
  for (const auto task : care_tasks) tasks[std::string(name_of(task))] = json_of(state.of(task));
  folder_.store(repository, {{"repository_id", state.repository_id},
                             {"first_seen", time_or_null(state.first_seen)},
                             {"tasks", std::move(tasks)},
                             {"forget", figures_or_null(state.forget)},
                             {"prune", figures_or_null(state.prune)},
                             {"verify", figures_or_null(state.verify)},
                             {"lock", figures_or_null(state.lock)},
                             {"archive", figures_or_null(state.archive)},
                             {"size", figures_or_null(state.size)}});
}

CareLock::CareLock(const CareStates& states, const std::string& repository)
    : file_(states.folder_.lock(repository)),
      scratch_(states.folder_.path() / (repository + ".scratch")) {
  if (!file_) {
    throw core::Error("repository " + repository +
                      " is being pruned or verified already; this run is left out");
  }
  std::filesystem::remove_all(scratch_); // of a run that was killed
  std::filesystem::create_directory(scratch_);
}

CareLock::~CareLock() {
  std::error_code ignored; // the next one removes it
  std::filesystem::remove_all(scratch_, ignored);
}

} // namespace intendance::backupd
