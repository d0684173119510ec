// SPDX-License-Identifier: AGPL-3.0-or-later
// The care for repositories, task by task: run, remembered, logged.
#pragma once

#include "backupd/schedule/care_plan.hpp"
#include "backupd/schedule/scheduler.hpp"

namespace intendance::backupd {

// What came of one task, by the daemon or by hand.
struct CareResult {
  CareRun run;
  std::string repository_id; // hex; empty when it could not be opened
  std::optional<ForgetFigures> forget;
  std::optional<PruneFigures> prune;
  std::optional<VerifyFigures> verify;
  std::optional<LockFigures> lock;
  std::optional<ArchiveFigures> archive;
  std::optional<RepositorySize> size;
  std::vector<Finding> findings;
};

PruneFigures figures_of(const PruneReport& report);
VerifyFigures figures_of(const VerifyReport& report);

// Figures in any case; the run itself, which moves the next one, only when it counts as one.
enum class Counts { as_run, as_figures };
// What was known of another repository under that name is forgotten.
void remember(const CareStates& states, const std::string& repository, CareTask task,
              const CareResult& result, Counts counts = Counts::as_run);

// What every task needs to know of this machine. References must outlive whatever uses it.
struct CareSetting {
  std::string machine;
  std::filesystem::path state;
  core::TimeZone zone;
  core::Clock& clock;
  Priority priority = {};
  storage::StoreMeters* meters = nullptr;
};

// Does a task now and remembers how it went, whatever happens. Throws Error when the repository is
// taken care of already or the state folder cannot be used, Cancelled when asked to stop (nothing
// is remembered, the task is still due). A failure is a record, not an exception.
CareResult run_care(const CareConfig& care, CareTask task, const CareSetting& setting,
                    std::stop_token stop);

// A duty for each task, and each care remembered as known; says in the log what is configured and
// not done by this version. References must outlive them.
std::vector<Duty> care_duties(const std::vector<CareConfig>& all, const CareStates& states,
                              const CareSetting& setting);

} // namespace intendance::backupd
