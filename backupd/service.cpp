// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/service.hpp"

#include "backupd/schedule/care_plan.hpp"
#include "backupd/schedule/scheduler.hpp"
#include "core/version.hpp"

#include <nlohmann/json.hpp>

namespace intendance::backupd {

using core::format_utc;
using core::TimePoint;
using Json = nlohmann::json;

namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json json_of(const RunRecord& run) {
  return {{"started", format_utc(run.started)},
          {"finished", format_utc(run.finished)},
          {"outcome", name_of(run.outcome)},
          {"error", text_or_null(run.error)},
          {"snapshot", text_or_null(run.snapshot)},
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

Json json_of(const CareRun& run) {
  return {{"started", format_utc(run.started)},
          {"finished", format_utc(run.finished)},
          {"outcome", name_of(run.outcome)},
          {"error", text_or_null(run.error)},
          {"findings", run.findings}};
}

Json json_of(const ServiceView& view, const CareConfig& care, CareTask task,
             const CareState& state) {
  const auto schedule = schedule_of(care, task);
  const auto& remembered = state.of(task);
  return {{"schedule", schedule ? Json(schedule->text()) : Json()},
          {"next_run", time_or_null(next_run(care, task, state, view.zone))},
          {"overdue", is_overdue(care, task, state, view.zone, view.clock.now())},
          {"last_success", time_or_null(remembered.last_success)},
          {"failures", remembered.failures},
          {"last_run", remembered.last_run ? json_of(*remembered.last_run) : Json()}};
}

template <class Value>
Json value_or_null(const std::optional<Value>& value) {
  return value ? Json(*value) : Json();
}

Json json_of(const ServiceView& view, const CareConfig& care) {
  const auto state = view.care.load(care.repository.name);
  Json json = {{"repository", care.repository.name},
               {"running", view.care.is_running(care.repository.name)}};
  for (const auto task : care_tasks)
    json[std::string(name_of(task))] = json_of(view, care, task, state);
  std::optional<std::uint64_t> snapshots, bytes, damaged, lost, never_read;
  std::optional<TimePoint> oldest_unread;
  if (const auto& size = state.size) {
    snapshots = size->snapshots;
    bytes = size->bytes;
  }
  if (const auto& verify = state.verify) {
    damaged = verify->damaged_objects;
    lost = verify->lost_files;
    never_read = verify->never_read_bytes;
    oldest_unread = verify->oldest_unread;
  }
  json["snapshots"] = value_or_null(snapshots);
  json["bytes"] = value_or_null(bytes);
  json["damaged_objects"] = value_or_null(damaged);
  json["lost_files"] = value_or_null(lost);
  json["never_read_bytes"] = value_or_null(never_read);
  json["oldest_unread"] = time_or_null(oldest_unread);
  json["locked"] = state.lock ? Json(state.lock->is_locked) : Json();
  json["lock_reason"] = state.lock ? text_or_null(state.lock->reason) : Json();
  json["locks_extended"] = time_or_null(state.lock ? state.lock->extended : std::nullopt);
  return json;
}

} // namespace

std::string status_json(const ServiceView& view) {
  const auto now = view.clock.now();
  Json document = {{"machine", view.config.machine},
                   {"version", core::version()},
                   {"time", format_utc(now)},
                   {"jobs", Json::array()},
                   {"care", Json::array()}};
  for (const auto& job : view.config.jobs) {
    const auto state = view.jobs.load(job.name);
    document["jobs"].push_back({{"name", job.name},
                                {"repository", job.repository.name},
                                {"schedule", job.schedule ? Json(job.schedule->text()) : Json()},
                                {"next_run", time_or_null(next_run(job, state, view.zone))},
                                {"running", view.jobs.is_running(job.name)},
                                {"overdue", is_overdue(job, state, view.zone, now)},
                                {"last_success", time_or_null(state.last_success)},
                                {"failures", state.failures},
                                {"last_run", state.last_run ? json_of(*state.last_run) : Json()}});
  }
  for (const auto& care : view.config.care) document["care"].push_back(json_of(view, care));
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

core::HttpRouter make_router(const ServiceView& view, const core::MetricsPage& page) {
  using Area = core::HttpGuard::Area;
  const core::HttpGuard guard(view.config.token_file);
  core::HttpRouter router;
  router.add("GET", "/metrics", guard(Area::metrics, page.handler()));
  router.add("GET", "/api/v1/status", guard(Area::api, [view](const core::HttpRequest&) {
               return core::HttpResponse::json(status_json(view));
             }));
  router.add("GET", "/healthz", [](const core::HttpRequest&) {
    return core::HttpResponse{200, "text/plain", "ok\n", {}};
  });
  return router;
}

} // namespace intendance::backupd
