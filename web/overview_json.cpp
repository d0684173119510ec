// SPDX-License-Identifier: AGPL-3.0-or-later
// The overview as web/openapi.yaml describes it.
#include "web/overview.hpp"

#include <nlohmann/json.hpp>

namespace intendance::web {

namespace {

using Json = nlohmann::ordered_json;

Json json_of(const std::optional<core::TimePoint>& time) {
  return time ? Json(core::format_utc(*time)) : Json(nullptr);
}

template <class T>
Json json_of(const std::optional<T>& value) {
  return value ? Json(*value) : Json(nullptr);
}

// An empty text stands for one that does not apply.
Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }

Json json_of(const Counts& counts) { return {{"total", counts.total}, {"well", counts.well}}; }

Json json_of(const Finding& finding) {
  return {{"severity", name_of(severity_of(finding.code))},
          {"code", name_of(finding.code)},
          {"machine", text_or_null(finding.machine)},
          {"subject", text_or_null(finding.subject)},
          {"kind", text_or_null(finding.kind)},
          {"since", json_of(finding.since)},
          {"reason", json_of(finding.reason)},
          {"percent", json_of(finding.percent)},
          {"cents", json_of(finding.cents)}};
}

Json json_of(const MachineView& view) {
  Json machine = {{"name", view.name},
                  {"state", name_of(view.presence)},
                  {"silent_since", json_of(view.silent_since)},
                  {"error", text_or_null(view.error)},
                  {"status", nullptr}};
  if (!view.status) return machine;
  const CollectordAnswer& status = *view.status;
  Json filesystems = Json::array();
  for (const Filesystem& filesystem : status.filesystems)
    filesystems.push_back({{"mountpoint", filesystem.mountpoint},
                           {"size_bytes", json_of(filesystem.size_bytes)},
                           {"available_bytes", json_of(filesystem.available_bytes)},
                           {"level", name_of(level_of(filesystem))}});
  machine["status"] = {{"version", status.version},
                       {"boot_time", json_of(status.boot_time)},
                       {"load1", json_of(status.load1)},
                       {"cpus", json_of(status.cpus)},
                       {"memory",
                        {{"total_bytes", json_of(status.memory_total_bytes)},
                         {"available_bytes", json_of(status.memory_available_bytes)}}},
                       {"filesystems", std::move(filesystems)}};
  return machine;
}

Json json_of(const ServiceView& view) {
  const Service& service = view.service;
  return {{"machine", view.machine},
          {"name", service.name},
          {"kind", service.kind},
          {"url", json_of(service.url)},
          {"state", name_of(service.state)},
          {"since", json_of(service.since)},
          {"checked", json_of(service.checked)},
          {"phase", json_of(service.phase)},
          {"reason", json_of(service.reason)},
          {"detail", json_of(service.detail)},
          {"duration_seconds", json_of(service.duration_seconds)}};
}

Json json_of(const JobView& view) {
  const Job& job = view.job;
  Json result = {{"machine", view.machine},
                 {"name", job.name},
                 {"state", name_of(view.state)},
                 {"repository", job.repository},
                 {"schedule", job.schedule},
                 {"next_run", json_of(job.next_run)},
                 {"last_success", json_of(job.last_success)},
                 {"running", job.running},
                 {"overdue", job.overdue},
                 {"last_run", nullptr}};
  if (job.last_run)
    result["last_run"] = {{"started", json_of(job.last_run->started)},
                          {"finished", json_of(job.last_run->finished)},
                          {"outcome", name_of(job.last_run->outcome)},
                          {"error", json_of(job.last_run->error)},
                          {"files", json_of(job.last_run->files)},
                          {"read_bytes", json_of(job.last_run->read_bytes)},
                          {"new_bytes", json_of(job.last_run->new_bytes)},
                          {"stored_bytes", json_of(job.last_run->stored_bytes)},
                          {"warnings", json_of(job.last_run->warnings)},
                          {"locked", json_of(job.last_run->locked)}};
  return result;
}

Json json_of(const CareTask& task) {
  return {{"name", task.name},
          {"last_success", json_of(task.last_success)},
          {"failures", task.failures},
          {"overdue", task.overdue},
          {"error", json_of(task.error)}};
}

Json json_of(const CareView& view) {
  const Care& care = view.care;
  Json result = {{"machine", view.machine},
                 {"repository", care.repository},
                 {"running", care.running},
                 {"snapshots", json_of(care.snapshots)},
                 {"bytes", json_of(care.bytes)},
                 {"damaged_objects", json_of(care.damaged_objects)},
                 {"lost_files", json_of(care.lost_files)},
                 {"oldest_unread", json_of(care.oldest_unread)},
                 {"locked", json_of(care.locked)},
                 {"tasks", Json::array()}};
  for (const CareTask& task : care.tasks) result["tasks"].push_back(json_of(task));
  return result;
}

Json json_of(const std::optional<BudgetForecast>& forecast) {
  if (!forecast) return nullptr;
  return {{"verdict", forecast->verdict},
          {"low_cents", forecast->low_cents},
          {"middle_cents", forecast->middle_cents},
          {"high_cents", forecast->high_cents},
          {"exhausted", json_of(forecast->exhausted)}};
}

Json json_of(const BudgetView& view) {
  const Budget& budget = view.budget;
  return {{"fund", budget.fund},
          {"label", budget.label},
          {"year", budget.year},
          {"from", budget.from},
          {"to", budget.to},
          {"basis", budget.basis},
          {"budget_cents", json_of(budget.budget_cents)},
          {"spent_cents", budget.spent_cents},
          {"available_cents", json_of(budget.available_cents)},
          {"minutes", budget.minutes},
          {"available_minutes", json_of(view.available_minutes)},
          {"forecast", json_of(budget.forecast)}};
}

template <class T>
Json list_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(json_of(value));
  return list;
}

} // namespace

std::string overview_json(const Overview& overview, core::TimePoint time) {
  Json body = {{"time", core::format_utc(time)},
               {"verdict", name_of(overview.verdict)},
               {"findings", list_of(overview.findings)},
               {"counts",
                {{"machines", json_of(overview.machine_counts)},
                 {"services", json_of(overview.service_counts)},
                 {"jobs", json_of(overview.job_counts)}}},
               {"oldest_success", json_of(overview.oldest_success)},
               {"oldest_success_machine", text_or_null(overview.oldest_success_machine)},
               {"next_run", json_of(overview.next_run)},
               {"machines", list_of(overview.machines)},
               {"services", list_of(overview.services)},
               {"jobs", list_of(overview.jobs)},
               {"care", list_of(overview.care)},
               {"billing", nullptr}};
  if (overview.billing)
    body["billing"] = {{"state", name_of(overview.billing->presence)},
                       {"currency", overview.billing->currency},
                       {"budgets", list_of(overview.billing->budgets)}};
  // The network's own messages may hold any bytes.
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

} // namespace intendance::web
