// SPDX-License-Identifier: AGPL-3.0-or-later
// From what each daemon said to what the house looks like: one verdict with its reasons, in codes
// and figures. Words in French or English are made by whoever shows them (the page, `intendance
// status`).
#pragma once

#include "core/clock.hpp"
#include "web/answers.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace intendance::web {

enum class DaemonKind { collectord, backupd, billingd, prometheus };
std::string_view name_of(DaemonKind kind);

struct DaemonAddress {
  DaemonKind kind;
  std::string machine; // empty for billingd and prometheus, which are asked once
  std::string url;     // "http://10.0.0.11:9710"
};

// Everything known of one daemon: the last good answer stays when later questions fail.
struct DaemonReport {
  DaemonAddress address;
  std::optional<core::TimePoint> asked;    // when the last question ended
  std::optional<core::TimePoint> answered; // when the last good answer came
  std::string error;                       // of the last question; empty when it was answered
  std::variant<std::monostate, CollectordAnswer, BackupdAnswer, BillingdAnswer> answer;
};

// `pending`: asked, and no answer or failure yet. `silent`: has not answered for too long.
enum class Presence { pending, up, silent };
std::string_view name_of(Presence presence);

// Why something is wrong. The order is the order of importance among equals in severity.
enum class FindingCode {
  machine_silent,     // machine, since?, reason
  service_down,       // machine, subject (service), kind, since?, reason
  repository_damaged, // machine, subject (repository), since? (last verify)
  backup_failed,      // machine, subject (job), since? (last success), reason
  filesystem_full,    // machine, subject (mount point), percent
  backup_overdue,     // machine, subject (job), since? (last success)
  backup_never,       // machine, subject (job)
  care_failing,       // machine, subject (repository), kind (task), since? (last success), reason?
  filesystem_low,     // machine, subject (mount point), percent
  memory_low,         // machine, percent
  backupd_silent,     // machine, since?, reason
  billingd_silent,    // since?, reason
  prometheus_silent,  // since?, reason
  budget_exceeded,    // subject (fund), cents (by how much)
  budget_low,         // subject (fund), cents (left), percent
  budget_short,       // subject (fund), cents (that will be missing)
};
std::string_view name_of(FindingCode code);

enum class Severity { critical, warning };
std::string_view name_of(Severity severity);
Severity severity_of(FindingCode code);

struct Finding {
  FindingCode code;
  std::string machine{}, subject{}, kind{}; // empty where the code has none
  std::optional<core::TimePoint> since{};
  std::optional<std::string> reason{};   // as the daemon or the network said it, in its language
  std::optional<std::int64_t> percent{}; // that is left, rounded down
  std::optional<std::int64_t> cents{};
};

struct MachineView {
  std::string name;
  Presence presence = Presence::pending;
  std::optional<core::TimePoint> silent_since; // last good answer, when silent
  std::string error;                           // when silent
  std::optional<CollectordAnswer> status;      // services moved out to ServiceView
};

enum class Level { well, low, full };
std::string_view name_of(Level level);
Level level_of(const Filesystem& filesystem); // well when its figures are not known

struct ServiceView {
  std::string machine;
  Service service; // `unknown` while the machine is silent
};

enum class JobState { well, warnings, never, overdue, failed, unknown };
std::string_view name_of(JobState state);

struct JobView {
  std::string machine;
  Job job;
  JobState state = JobState::unknown; // `unknown` while its backupd is silent
};

struct CareView {
  std::string machine;
  Care care;
};

struct BudgetView {
  Budget budget;
  // What is available in minutes of work, at what an hour has cost so far; unknown before the
  // first.
  std::optional<std::int64_t> available_minutes;
};

struct Billing {
  Presence presence = Presence::pending;
  std::string currency;
  std::vector<BudgetView> budgets;
};

// `empty`: no machine is configured. `unknown`: nothing is wrong, but not everybody has answered
// yet.
enum class VerdictState { empty, unknown, well, warning, critical };
std::string_view name_of(VerdictState state);

struct Counts {
  std::size_t total = 0;
  std::size_t well = 0;
};

struct Overview {
  VerdictState verdict = VerdictState::unknown;
  std::vector<Finding>
      findings; // the most severe first, then the order of FindingCode, then by name
  Counts machine_counts, service_counts, job_counts;
  std::optional<core::TimePoint>
      oldest_success; // of the jobs' last successes; absent if one has none
  std::string oldest_success_machine;
  std::optional<core::TimePoint> next_run;
  std::vector<MachineView> machines;
  std::vector<ServiceView> services;
  std::vector<JobView> jobs;
  std::vector<CareView> care;
  std::optional<Billing> billing; // absent when no billingd is configured
};

// A daemon counts as silent when it has not answered for `patience`; a daemon that never answered,
// at its first failure.
Overview compute_overview(const std::vector<DaemonReport>& reports, core::TimePoint now,
                          std::chrono::seconds patience);

// The body of /api/v1/overview, `time` apart: the same text for the same overview.
std::string overview_json(const Overview& overview, core::TimePoint time);

} // namespace intendance::web
