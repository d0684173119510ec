// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/overview.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

namespace intendance::web {

namespace {

// Below this much room, in percent, things are worth watching, and then break.
constexpr std::int64_t low_percent = 10;
constexpr std::int64_t full_percent = 3;
constexpr std::int64_t low_memory_percent = 5;
constexpr std::int64_t low_budget_percent = 10;

// `part` of `whole` in percent, rounded down; 128 bits because bytes times 100 may not fit in 64.
std::int64_t percent_of(std::int64_t part, std::int64_t whole) {
  __extension__ using Wide = __int128;
  return whole > 0 ? static_cast<std::int64_t>(Wide{part} * 100 / whole) : 0;
}

Presence presence_of(const DaemonReport& report, core::TimePoint now,
                     std::chrono::seconds patience) {
  if (!report.asked) return Presence::pending;
  if (report.error.empty()) return Presence::up;
  const bool recent = report.answered && now - *report.answered <= patience;
  return recent ? Presence::up : Presence::silent;
}

// Builds the overview report by report; finish() then judges.
class Composer {
public:
  Composer(core::TimePoint now, std::chrono::seconds patience) : now_(now), patience_(patience) {}

  void add(const DaemonReport& report) {
    const Presence presence = presence_of(report, now_, patience_);
    pending_ = pending_ || presence == Presence::pending;
    switch (report.address.kind) {
    case DaemonKind::collectord: add_collectord(report, presence); break;
    case DaemonKind::backupd: add_backupd(report, presence); break;
    case DaemonKind::billingd: add_billingd(report, presence); break;
    case DaemonKind::prometheus:
      note_silence(report, presence, FindingCode::prometheus_silent);
      break;
    }
  }

  Overview finish() {
    std::stable_sort(overview_.findings.begin(), overview_.findings.end(),
                     [](const auto& a, const auto& b) {
                       return std::tuple(severity_of(a.code), a.code, a.machine, a.subject) <
                              std::tuple(severity_of(b.code), b.code, b.machine, b.subject);
                     });
    count();
    overview_.verdict = judge();
    return std::move(overview_);
  }

private:
  MachineView& machine(const std::string& name) {
    for (MachineView& view : overview_.machines)
      if (view.name == name) return view;
    MachineView view;
    view.name = name;
    return overview_.machines.emplace_back(std::move(view));
  }

  void find(Finding finding) { overview_.findings.push_back(std::move(finding)); }

  void note_silence(const DaemonReport& report, Presence presence, FindingCode code) {
    if (presence != Presence::silent) return;
    find({.code = code,
          .machine = report.address.machine,
          .since = report.answered,
          .reason = report.error});
  }

  void add_collectord(const DaemonReport& report, Presence presence) {
    note_silence(report, presence, FindingCode::machine_silent);
    MachineView& view = machine(report.address.machine);
    collected_.insert(view.name);
    view.presence = presence;
    if (presence == Presence::silent) {
      view.silent_since = report.answered;
      view.error = report.error;
    }
    const auto* answer = std::get_if<CollectordAnswer>(&report.answer);
    if (answer == nullptr) return;
    view.status = *answer;
    for (const Service& service : std::exchange(view.status->services, {}))
      add_service(view.name, service, presence);
    if (presence == Presence::up) watch_room(view);
  }

  // What came back says more than the name of the reason.
  static std::optional<std::string> said_by(const Service& service) {
    return service.detail && !service.detail->empty() ? service.detail : service.reason;
  }

  void add_service(const std::string& machine_name, Service service, Presence presence) {
    if (presence != Presence::up) {
      // What a machine said before it fell silent is no longer news.
      service.state = ServiceState::unknown;
      service.since.reset();
      service.phase.reset();
      service.reason.reset();
      service.detail.reset();
    }
    if (service.state == ServiceState::down)
      find({.code = FindingCode::service_down,
            .machine = machine_name,
            .subject = service.name,
            .kind = service.kind,
            .since = service.since,
            .reason = said_by(service)});
    pending_ = pending_ || service.state == ServiceState::unknown;
    overview_.services.push_back({machine_name, std::move(service)});
  }

  void watch_room(const MachineView& view) {
    for (const Filesystem& filesystem : view.status->filesystems) {
      const Level level = level_of(filesystem);
      if (level != Level::well)
        find({.code =
                  level == Level::full ? FindingCode::filesystem_full : FindingCode::filesystem_low,
              .machine = view.name,
              .subject = filesystem.mountpoint,
              .percent = percent_of(*filesystem.available_bytes, *filesystem.size_bytes)});
    }
    const auto& [total, available] =
        std::tie(view.status->memory_total_bytes, view.status->memory_available_bytes);
    if (total && available && *total > 0 && percent_of(*available, *total) < low_memory_percent)
      find({.code = FindingCode::memory_low,
            .machine = view.name,
            .percent = percent_of(*available, *total)});
  }

  void add_backupd(const DaemonReport& report, Presence presence) {
    note_silence(report, presence, FindingCode::backupd_silent);
    MachineView& view = machine(report.address.machine);
    backupd_presence_[view.name] = presence;
    const auto* answer = std::get_if<BackupdAnswer>(&report.answer);
    if (answer == nullptr) return;
    for (const Job& job : answer->jobs) add_job(view.name, job, presence);
    for (const Care& care : answer->care) add_care(view.name, care, presence);
  }

  static JobState state_of(const Job& job) {
    if (job.last_run && job.last_run->outcome == RunOutcome::failed) return JobState::failed;
    if (job.overdue) return JobState::overdue;
    if (!job.last_success) return JobState::never;
    return job.last_run && job.last_run->outcome == RunOutcome::warnings ? JobState::warnings
                                                                         : JobState::well;
  }

  void add_job(const std::string& machine_name, const Job& job, Presence presence) {
    const JobState state = presence == Presence::up ? state_of(job) : JobState::unknown;
    std::optional<std::string> reason;
    if (job.last_run) reason = job.last_run->error;
    const auto note = [&](FindingCode code) {
      find({.code = code,
            .machine = machine_name,
            .subject = job.name,
            .since = job.last_success,
            .reason = reason});
    };
    if (state == JobState::failed)
      note(FindingCode::backup_failed);
    else if (state == JobState::overdue)
      note(FindingCode::backup_overdue);
    else if (state == JobState::never)
      note(FindingCode::backup_never);
    overview_.jobs.push_back({machine_name, job, state});
  }

  // A task that failed is tried again soon; what fails three times does not mend by itself.
  void add_care(const std::string& machine_name, const Care& care, Presence presence) {
    overview_.care.push_back({machine_name, care});
    if (presence != Presence::up) return;
    if (care.damaged_objects.value_or(0) > 0)
      find({.code = FindingCode::repository_damaged,
            .machine = machine_name,
            .subject = care.repository,
            .since = care.verify().last_success});
    for (const CareTask& task : care.tasks) {
      if (task.failures < 3 && !task.overdue) continue;
      find({.code = FindingCode::care_failing,
            .machine = machine_name,
            .subject = care.repository,
            .kind = task.name,
            .since = task.last_success,
            .reason = task.error});
    }
  }

  void add_billingd(const DaemonReport& report, Presence presence) {
    note_silence(report, presence, FindingCode::billingd_silent);
    Billing billing;
    billing.presence = presence;
    if (const auto* answer = std::get_if<BillingdAnswer>(&report.answer)) {
      billing.currency = answer->currency;
      for (const Budget& budget : answer->budgets) billing.budgets.push_back(view_of(budget));
    }
    overview_.billing = std::move(billing);
  }

  BudgetView view_of(const Budget& budget) {
    // Years that are over or not begun are shown, but nobody needs to act on them.
    const std::string today = core::format_utc(now_).substr(0, sizeof "2026-11-23" - 1);
    if (budget.from <= today && today <= budget.to) watch_budget(budget);
    BudgetView view{budget, std::nullopt};
    __extension__ using Wide = __int128;
    if (budget.available_cents && budget.spent_cents > 0 && budget.minutes > 0) {
      const Wide left = std::max<std::int64_t>(*budget.available_cents, 0);
      const Wide minutes = left * budget.minutes / budget.spent_cents;
      view.available_minutes = static_cast<std::int64_t>(std::min(minutes, Wide{largest_exact}));
    }
    return view;
  }

  void watch_budget(const Budget& budget) {
    if (!budget.available_cents) return;
    const std::int64_t left = *budget.available_cents;
    const std::int64_t percent = percent_of(left, budget.budget_cents.value_or(0));
    if (left < 0)
      find({.code = FindingCode::budget_exceeded, .subject = budget.fund, .cents = -left});
    else if (budget.budget_cents.value_or(0) > 0 && percent < low_budget_percent)
      find({.code = FindingCode::budget_low,
            .subject = budget.fund,
            .percent = percent,
            .cents = left});
    else if (budget.budget_cents && budget.forecast &&
             budget.forecast->middle_cents > *budget.budget_cents)
      find({.code = FindingCode::budget_short,
            .subject = budget.fund,
            .cents = budget.forecast->middle_cents - *budget.budget_cents});
  }

  void count() {
    // A machine that only has a backupd is as present as that one is.
    for (MachineView& view : overview_.machines)
      if (!collected_.contains(view.name)) view.presence = backupd_presence_.at(view.name);
    for (const MachineView& view : overview_.machines)
      tally(overview_.machine_counts, view.presence == Presence::up);
    for (const ServiceView& view : overview_.services)
      tally(overview_.service_counts, view.service.state == ServiceState::up);
    bool all_succeeded = true;
    for (const JobView& view : overview_.jobs) {
      tally(overview_.job_counts, view.state == JobState::well || view.state == JobState::warnings);
      all_succeeded = all_succeeded && view.job.last_success;
      if (view.job.last_success &&
          (!overview_.oldest_success || *view.job.last_success < *overview_.oldest_success)) {
        overview_.oldest_success = view.job.last_success;
        overview_.oldest_success_machine = view.machine;
      }
      if (view.job.next_run && (!overview_.next_run || *view.job.next_run < *overview_.next_run))
        overview_.next_run = view.job.next_run;
    }
    if (!all_succeeded) {
      overview_.oldest_success.reset();
      overview_.oldest_success_machine.clear();
    }
  }

  static void tally(Counts& counts, bool well) {
    ++counts.total;
    counts.well += well ? 1 : 0;
  }

  VerdictState judge() const {
    if (!overview_.findings.empty())
      return severity_of(overview_.findings.front().code) == Severity::critical
                 ? VerdictState::critical
                 : VerdictState::warning;
    if (overview_.machines.empty()) return VerdictState::empty;
    return pending_ ? VerdictState::unknown : VerdictState::well;
  }

  core::TimePoint now_;
  std::chrono::seconds patience_;
  Overview overview_;
  std::set<std::string> collected_; // machines that have a collectord
  std::map<std::string, Presence> backupd_presence_;
  bool pending_ = false;
};

} // namespace

std::string_view name_of(DaemonKind kind) {
  switch (kind) {
  case DaemonKind::collectord: return "collectord";
  case DaemonKind::backupd: return "backupd";
  case DaemonKind::billingd: return "billingd";
  case DaemonKind::prometheus: break;
  }
  return "prometheus";
}

std::string_view name_of(Presence presence) {
  switch (presence) {
  case Presence::pending: return "pending";
  case Presence::up: return "up";
  case Presence::silent: break;
  }
  return "silent";
}

std::string_view name_of(FindingCode code) {
  switch (code) {
  case FindingCode::machine_silent: return "machine_silent";
  case FindingCode::service_down: return "service_down";
  case FindingCode::repository_damaged: return "repository_damaged";
  case FindingCode::backup_failed: return "backup_failed";
  case FindingCode::filesystem_full: return "filesystem_full";
  case FindingCode::backup_overdue: return "backup_overdue";
  case FindingCode::backup_never: return "backup_never";
  case FindingCode::care_failing: return "care_failing";
  case FindingCode::filesystem_low: return "filesystem_low";
  case FindingCode::memory_low: return "memory_low";
  case FindingCode::backupd_silent: return "backupd_silent";
  case FindingCode::billingd_silent: return "billingd_silent";
  case FindingCode::prometheus_silent: return "prometheus_silent";
  case FindingCode::budget_exceeded: return "budget_exceeded";
  case FindingCode::budget_low: return "budget_low";
  case FindingCode::budget_short: break;
  }
  return "budget_short";
}

std::string_view name_of(Severity severity) {
  return severity == Severity::critical ? "critical" : "warning";
}

Severity severity_of(FindingCode code) {
  return code <= FindingCode::filesystem_full ? Severity::critical : Severity::warning;
}

std::string_view name_of(Level level) {
  switch (level) {
  case Level::well: return "well";
  case Level::low: return "low";
  case Level::full: break;
  }
  return "full";
}

Level level_of(const Filesystem& filesystem) {
  if (!filesystem.available_bytes || filesystem.size_bytes.value_or(0) <= 0) return Level::well;
  const std::int64_t left = percent_of(*filesystem.available_bytes, *filesystem.size_bytes);
  if (left < full_percent) return Level::full;
  return left < low_percent ? Level::low : Level::well;
}

std::string_view name_of(JobState state) {
  switch (state) {
  case JobState::well: return "well";
  case JobState::warnings: return "warnings";
  case JobState::never: return "never";
  case JobState::overdue: return "overdue";
  case JobState::failed: return "failed";
  case JobState::unknown: break;
  }
  return "unknown";
}

std::string_view name_of(VerdictState state) {
  switch (state) {
  case VerdictState::empty: return "empty";
  case VerdictState::unknown: return "unknown";
  case VerdictState::well: return "well";
  case VerdictState::warning: return "warning";
  case VerdictState::critical: break;
  }
  return "critical";
}

Overview compute_overview(const std::vector<DaemonReport>& reports, core::TimePoint now,
                          std::chrono::seconds patience) {
  Composer composer(now, patience);
  for (const DaemonReport& report : reports) composer.add(report);
  return composer.finish();
}

} // namespace intendance::web
