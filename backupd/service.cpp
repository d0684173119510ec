// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/service.hpp"

#include "backupd/schedule/scheduler.hpp"
#include "core/version.hpp"

#include <nlohmann/json.hpp>
#include <prometheus/metric_family.h>

namespace intendance::backupd {

using core::format_utc;
using core::TimePoint;
using Json = nlohmann::json;

namespace {

Json time_or_null(const std::optional<TimePoint>& time) {
  return time ? Json(format_utc(*time)) : Json();
}
Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

Json json_of(const RunRecord& run) {
  constexpr std::array<const char*, 3> outcomes = {"done", "warnings", "failed"};
  return {{"started", format_utc(run.started)},
          {"finished", format_utc(run.finished)},
          {"outcome", outcomes[static_cast<std::size_t>(run.outcome)]},
          {"error", text_or_null(run.error)},
          {"snapshot", text_or_null(run.snapshot)},
          {"files", run.files},
          {"read_bytes", run.read_bytes},
          {"new_bytes", run.new_bytes},
          {"stored_bytes", run.stored_bytes},
          {"warnings", run.warnings}};
}

class BackupMetrics final : public prometheus::Collectable {
public:
  explicit BackupMetrics(const JobsView& jobs) : jobs_(jobs) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    for (const auto& job : jobs_.config.jobs) collect(job, families);
    return std::move(families.all);
  }

private:
  // Families in the order of their first sample.
  struct Families {
    std::vector<prometheus::MetricFamily> all;
    void gauge(const std::string& name, const std::string& help, const JobConfig& job,
               double value) {
      auto found =
          std::find_if(all.begin(), all.end(), [&](const auto& each) { return each.name == name; });
      if (found == all.end()) {
        all.push_back({name, help, prometheus::MetricType::Gauge, {}});
        found = all.end() - 1;
      }
      prometheus::ClientMetric metric;
      metric.label = {{"job_name", job.name}, {"repository", job.repository.name}};
      metric.gauge.value = value;
      found->metric.push_back(std::move(metric));
    }
  };

  void collect(const JobConfig& job, Families& families) const {
    const auto state = jobs_.states.load(job.name);
    const auto now = jobs_.clock.now();
    families.gauge("intendance_backup_running", "Whether the job runs just now.", job,
                   jobs_.states.is_running(job.name) ? 1 : 0);
    families.gauge("intendance_backup_overdue",
                   "Whether a success is late by more than a quarter of the period.", job,
                   is_overdue(job, state, jobs_.zone, now) ? 1 : 0);
    if (const auto next = next_run(job, state, jobs_.zone)) {
      families.gauge("intendance_backup_next_run_timestamp_seconds", "When the job is due next.",
                     job, core::seconds_since_epoch(*next));
    }
    if (state.last_success) {
      families.gauge("intendance_backup_last_success_timestamp_seconds",
                     "When the job last made a snapshot.", job,
                     core::seconds_since_epoch(*state.last_success));
    }
    if (state.last_run) collect(job, *state.last_run, families);
  }

  static void collect(const JobConfig& job, const RunRecord& run, Families& families) {
    const std::chrono::duration<double> took = run.finished - run.started;
    families.gauge("intendance_backup_last_run_success", "Whether the last run made a snapshot.",
                   job, run.outcome == Outcome::failed ? 0 : 1);
    families.gauge("intendance_backup_last_run_timestamp_seconds", "When the last run ended.", job,
                   core::seconds_since_epoch(run.finished));
    families.gauge("intendance_backup_last_run_duration_seconds", "How long the last run took.",
                   job, took.count());
    families.gauge("intendance_backup_last_run_files", "Files of the last snapshot.", job,
                   static_cast<double>(run.files));
    families.gauge("intendance_backup_last_run_bytes", "Bytes of the last snapshot's files.", job,
                   static_cast<double>(run.read_bytes));
    families.gauge("intendance_backup_last_run_new_bytes",
                   "Bytes of the last run that were not stored before.", job,
                   static_cast<double>(run.new_bytes));
    families.gauge("intendance_backup_last_run_stored_bytes",
                   "Bytes that the last run added to the repository.", job,
                   static_cast<double>(run.stored_bytes));
    families.gauge("intendance_backup_last_run_warnings",
                   "Files of the last run that changed or could not be read.", job,
                   static_cast<double>(run.warnings));
  }

  JobsView jobs_;
};

} // namespace

std::string status_json(const JobsView& jobs) {
  const auto now = jobs.clock.now();
  Json document = {{"machine", jobs.config.machine},
                   {"version", core::version()},
                   {"time", format_utc(now)},
                   {"jobs", Json::array()}};
  for (const auto& job : jobs.config.jobs) {
    const auto state = jobs.states.load(job.name);
    document["jobs"].push_back({{"name", job.name},
                                {"repository", job.repository.name},
                                {"schedule", job.schedule ? Json(job.schedule->text()) : Json()},
                                {"next_run", time_or_null(next_run(job, state, jobs.zone))},
                                {"running", jobs.states.is_running(job.name)},
                                {"overdue", is_overdue(job, state, jobs.zone, now)},
                                {"last_success", time_or_null(state.last_success)},
                                {"last_run", state.last_run ? json_of(*state.last_run) : Json()}});
  }
  return document.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::shared_ptr<prometheus::Collectable> backup_metrics(const JobsView& jobs) {
  return std::make_shared<BackupMetrics>(jobs);
}

core::HttpRouter make_router(const JobsView& jobs, const core::MetricsPage& page) {
  using Area = core::HttpGuard::Area;
  const core::HttpGuard guard(jobs.config.token_file);
  core::HttpRouter router;
  router.add("GET", "/metrics", guard(Area::metrics, page.handler()));
  router.add("GET", "/api/v1/status", guard(Area::api, [jobs](const core::HttpRequest&) {
               return core::HttpResponse::json(status_json(jobs));
             }));
  router.add("GET", "/healthz", [](const core::HttpRequest&) {
    return core::HttpResponse{200, "text/plain", "ok\n", {}};
  });
  return router;
}

} // namespace intendance::backupd
