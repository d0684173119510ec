// SPDX-License-Identifier: AGPL-3.0-or-later
// What the daemons answer (docs/api.md), as values. The parsers take text and trust nothing: a
// field that is missing or null is absent, one of the wrong type is CorruptData that names it, and
// texts that will be shown are cut to one line.
#pragma once

#include "core/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::web {

// Up to here every integer is exact in JavaScript too. Larger ones are refused: nobody has them.
inline constexpr std::int64_t largest_exact = (std::int64_t{1} << 53) - 1;

struct Filesystem {
  std::string mountpoint;
  std::optional<std::int64_t> size_bytes, available_bytes;
};

enum class ServiceState { up, down, unknown };
std::string_view name_of(ServiceState state);

struct Service {
  std::string name, kind;
  std::optional<std::string> url;
  ServiceState state = ServiceState::unknown;
  std::optional<core::TimePoint> since, checked;
  std::optional<std::string> phase, reason, detail; // when down
  std::optional<double> duration_seconds;
};

struct CollectordAnswer {
  std::string machine, version;
  std::optional<core::TimePoint> boot_time;
  std::optional<double> load1;
  std::optional<std::int64_t> cpus;
  std::optional<std::int64_t> memory_total_bytes, memory_available_bytes;
  std::vector<Filesystem> filesystems;
  std::vector<Service> services;
};

enum class RunOutcome { done, warnings, failed };
std::string_view name_of(RunOutcome outcome);

struct JobRun {
  std::optional<core::TimePoint> started, finished;
  RunOutcome outcome = RunOutcome::done;
  std::optional<std::string> error, snapshot;
  std::optional<std::int64_t> files, read_bytes, new_bytes, stored_bytes, warnings;
  std::optional<bool> locked; // whether nobody can remove what was stored; absent: not known
};

struct Job {
  std::string name, repository, schedule;
  std::optional<core::TimePoint> next_run, last_success;
  bool running = false;
  bool overdue = false;
  std::optional<JobRun> last_run;
};

// One of forget, prune, verify and archive.
struct CareTask {
  std::string name;
  std::optional<core::TimePoint> last_success; // when it last came to its end
  std::int64_t failures = 0;                   // since then
  bool overdue = false;
  std::optional<std::string> error; // of the last run
};

// What the hub does for the snapshots of one repository.
struct Care {
  std::string repository;
  bool running = false;
  std::optional<std::int64_t> snapshots, bytes;
  std::optional<std::int64_t> damaged_objects, lost_files;
  std::optional<core::TimePoint> oldest_unread;
  std::optional<bool> locked;  // as of a job's run
  std::vector<CareTask> tasks; // always the four, those that are not wanted, too
  const CareTask& verify() const { return tasks.at(2); }
};

struct BackupdAnswer {
  std::string machine, version;
  std::vector<Job> jobs;
  std::vector<Care> care;
};

// What the fiscal year will have cost in eight years of ten.
struct BudgetForecast {
  std::string verdict; // lasts, underspent, may_fall_short, falls_short, overspent, no_budget
  std::int64_t low_cents = 0, middle_cents = 0, high_cents = 0;
  std::optional<std::string> exhausted; // the day, by the middle estimate
};

struct Budget {
  std::string fund, label;
  std::int64_t year = 0; // in which the fiscal year starts
  std::string from, to;  // 2026-04-01
  std::string basis;     // what spent_cents counts: net, gross or before_tax
  std::int64_t spent_cents = 0;
  std::optional<std::int64_t> budget_cents, available_cents; // absent where no budget was set
  std::int64_t minutes = 0;                                  // worked
  std::optional<BudgetForecast> forecast;
};

struct BillingdAnswer {
  std::string currency;
  std::vector<Budget> budgets;
};

// Each throws core::CorruptData: "not JSON …", "services[2].state: …".
CollectordAnswer parse_collectord_answer(std::string_view body);
BackupdAnswer parse_backupd_answer(std::string_view body);
BillingdAnswer parse_billingd_answer(std::string_view body);

// The first line of `text` without control characters, at most `most` bytes of whole UTF-8.
std::string first_line(std::string_view text, std::size_t most = 300);

} // namespace intendance::web
