// SPDX-License-Identifier: AGPL-3.0-or-later
// intendance_backup_*: the families are described in docs/operations.md.
#include "backupd/schedule/care_plan.hpp"
#include "backupd/schedule/scheduler.hpp"
#include "backupd/service.hpp"

#include <prometheus/metric_family.h>

#include <algorithm>
#include <limits>

namespace intendance::backupd {

namespace {

using Labels = std::vector<prometheus::ClientMetric::Label>;

// Families in the order of their first sample.
class Families {
public:
  void gauge(const std::string& name, const std::string& help, double value) {
    add(name, help, prometheus::MetricType::Gauge).gauge.value = value;
  }
  void counter(const std::string& name, const std::string& help, std::uint64_t value) {
    add(name, help, prometheus::MetricType::Counter).counter.value = static_cast<double>(value);
  }
  void histogram(const std::string& name, const std::string& help,
                 const storage::CallFigures& calls) {
    auto& metric = add(name, help, prometheus::MetricType::Histogram).histogram;
    metric.sample_count = calls.calls;
    metric.sample_sum = std::chrono::duration<double>(calls.time).count();
    std::uint64_t within = 0;
    for (std::size_t bound = 0; bound < calls.by_latency.size(); ++bound) {
      within += calls.by_latency.at(bound);
      metric.bucket.push_back({within, bound < storage::latency_bounds.size()
                                           ? storage::latency_bounds.at(bound)
                                           : std::numeric_limits<double>::infinity()});
    }
  }
  void gauge(const std::string& name, const std::string& help, std::uint64_t value) {
    gauge(name, help, static_cast<double>(value));
  }
  void gauge(const std::string& name, const std::string& help, bool value) {
    gauge(name, help, value ? 1.0 : 0.0);
  }
  // Left out when there is none.
  void time(const std::string& name, const std::string& help,
            const std::optional<core::TimePoint>& time) {
    if (time) gauge(name + "_timestamp_seconds", help, core::seconds_since_epoch(*time));
  }
  void duration(const std::string& name, const std::string& help, std::chrono::nanoseconds time) {
    gauge(name + "_seconds", help, std::chrono::duration<double>(time).count());
  }
  void set_labels(Labels labels) { labels_ = std::move(labels); }
  std::vector<prometheus::MetricFamily> take() { return std::move(all_); }

private:
  prometheus::ClientMetric& add(const std::string& name, const std::string& help,
                                prometheus::MetricType type) {
    const auto whole = "intendance_backup_" + name;
    auto found = std::find_if(all_.begin(), all_.end(),
                              [&](const auto& each) { return each.name == whole; });
    if (found == all_.end()) {
      all_.push_back({whole, help, type, {}});
      found = all_.end() - 1;
    }
    found->metric.emplace_back().label = labels_;
    return found->metric.back();
  }

  std::vector<prometheus::MetricFamily> all_;
  Labels labels_;
};

void collect_run(const RunRecord& run, Families& families) {
  families.gauge("last_run_success", "Whether the last run made a snapshot.",
                 run.outcome != Outcome::failed);
  families.time("last_run", "When the last run ended.", run.finished);
  families.duration("last_run_duration", "How long the last run took.", run.finished - run.started);
  families.gauge("last_run_files", "Files of the last snapshot.", run.files);
  families.gauge("last_run_new_files", "Of these, those that the snapshot before did not have.",
                 run.new_files);
  families.gauge("last_run_changed_files", "Of these, those that were read again, and dumps.",
                 run.changed_files);
  families.gauge("last_run_unchanged_files", "Of these, those that nothing had changed.",
                 run.unchanged_files);
  families.gauge("last_run_bytes", "Bytes of the last snapshot's files.", run.bytes);
  families.gauge("last_run_read_bytes", "Bytes that the last run read of files and dumps.",
                 run.read_bytes);
  families.gauge("last_run_new_bytes", "Bytes of the last run that were not stored before.",
                 run.new_bytes);
  families.gauge("last_run_stored_bytes", "Bytes that the last run added to the repository.",
                 run.stored_bytes);
  families.gauge("last_run_warnings", "Files of the last run that changed or could not be read.",
                 run.warnings);
  families.gauge("last_run_locked",
                 "Whether nobody can remove what the last run stored before its lock ends.",
                 run.locked);
}

void collect_job(const ServiceView& view, const JobConfig& job, Families& families) {
  families.set_labels({{"job_name", job.name}, {"repository", job.repository.name}});
  const auto state = view.jobs.load(job.name);
  families.gauge("running", "Whether the job runs just now.", view.jobs.is_running(job.name));
  families.gauge("overdue", "Whether a success is late by more than a quarter of the period.",
                 is_overdue(job, state, view.zone, view.clock.now()));
  families.gauge("failures_since_success", "Runs that failed since the job last made a snapshot.",
                 state.failures);
  families.time("next_run", "When the job is due next.", next_run(job, state, view.zone));
  families.time("last_success", "When the job last made a snapshot.", state.last_success);
  if (state.last_run) collect_run(*state.last_run, families);
}

void collect_task(const ServiceView& view, const CareConfig& care, CareTask task,
                  const CareState& state, Families& families) {
  families.set_labels({{"repository", care.repository.name}, {"task", std::string(name_of(task))}});
  const auto& remembered = state.of(task);
  families.gauge("care_overdue", "Whether a run is late by more than a quarter of the period.",
                 is_overdue(care, task, state, view.zone, view.clock.now()));
  families.gauge("care_failures_since_success",
                 "Runs that failed since the task last came to its end.", remembered.failures);
  families.time("care_next_run", "When the task is due next.",
                next_run(care, task, state, view.zone));
  families.time("care_last_success", "When the task last came to its end, whatever it found.",
                remembered.last_success);
  const auto& run = remembered.last_run;
  if (!run) return;
  families.gauge("care_last_run_success", "Whether the last run came to its end.",
                 run->outcome != Outcome::failed);
  families.duration("care_last_run_duration", "How long the last run took.",
                    run->finished - run->started);
  families.gauge("care_last_run_findings",
                 "What the last run found that is not as it should be, damage or not.",
                 run->findings);
}

void collect_figures(const CareState& state, Families& families) {
  if (const auto& size = state.size) {
    families.gauge("repository_snapshots", "Snapshots of the repository.", size->snapshots);
    families.gauge("repository_packs", "Packs of the repository.", size->packs);
    families.gauge("repository_bytes", "Bytes of all that the repository stores.", size->bytes);
  }
  if (const auto& forget = state.forget) {
    families.gauge("last_forget_kept_snapshots", "Snapshots that the last forget kept.",
                   forget->kept);
    families.gauge("last_forget_removed_snapshots", "Snapshots that the last forget removed.",
                   forget->removed);
  }
  if (const auto& prune = state.prune) {
    families.gauge("last_prune_marked_bytes", "Bytes that the last prune marked to be deleted.",
                   prune->marked_bytes);
    families.gauge("last_prune_freed_bytes", "Bytes that the last prune deleted.",
                   prune->freed_bytes);
  }
  if (const auto& archive = state.archive) {
    families.gauge("last_archive_written", "Archives that the last archive run wrote.",
                   archive->written);
    families.gauge("last_archive_bytes", "Bytes of these.", archive->bytes);
  }
  if (const auto& lock = state.lock) {
    families.gauge("repository_locked",
                   "Whether nobody can remove what is kept before its lock ends.", lock->is_locked);
    families.time("repository_locks_extended",
                  "When the locks of all that is kept were last extended.", lock->extended);
  }
  const auto& verify = state.verify;
  if (!verify) return;
  families.gauge("last_verify_read_bytes", "Bytes that the last verify read.", verify->bytes_read);
  families.gauge("damaged_objects", "Objects that the last verify found damaged or missing.",
                 verify->damaged_objects);
  if (verify->lost_files) {
    families.gauge("lost_files", "Files of any snapshot that this costs; only a reader key tells.",
                   *verify->lost_files);
  }
  families.gauge("never_read_bytes", "Bytes that no verify has read yet.",
                 verify->never_read_bytes);
  families.time("oldest_unread_byte",
                "When the byte that went unread for longest was read last, or stored.",
                verify->oldest_unread);
}

void collect_care(const ServiceView& view, const CareConfig& care, Families& families) {
  const auto state = view.care.load(care.repository.name);
  for (const auto task : care_tasks) {
    if (schedule_of(care, task) || state.of(task).last_run)
      collect_task(view, care, task, state, families);
  }
  families.set_labels({{"repository", care.repository.name}});
  families.gauge("care_running", "Whether the repository is taken care of just now.",
                 view.care.is_running(care.repository.name));
  collect_figures(state, families);
}

// Of this process alone, since it was started; kinds of calls that were never made are left out.
void collect_store(const std::string& repository, const storage::StoreCounts& counts,
                   Families& families) {
  for (const auto verb : storage::verbs) {
    const auto& figures = counts.of(verb);
    if (figures.calls == 0) continue;
    families.set_labels({{"repository", repository}, {"operation", std::string(name_of(verb))}});
    families.histogram("store_request_duration_seconds",
                       "How long requests to the repository's store took, by what was asked.",
                       figures);
    families.counter("store_request_failures_total",
                     "Requests to the repository's store that failed, those tried again too.",
                     figures.failures);
    if (verb != storage::Verb::put && verb != storage::Verb::get) continue;
    families.counter("store_request_bytes_total",
                     "Bytes of objects sent to the repository's store, or received from it.",
                     figures.bytes);
  }
}

class BackupMetrics final : public prometheus::Collectable {
public:
  explicit BackupMetrics(const ServiceView& view) : view_(view) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    Families families;
    for (const auto& job : view_.config.jobs) collect_job(view_, job, families);
    for (const auto& care : view_.config.care) collect_care(view_, care, families);
    for (const auto& [repository, counts] : view_.meters.counts())
      collect_store(repository, counts, families);
    return families.take();
  }

private:
  ServiceView view_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> backup_metrics(const ServiceView& view) {
  return std::make_shared<BackupMetrics>(view);
}

} // namespace intendance::backupd
