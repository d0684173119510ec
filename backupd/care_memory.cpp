// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/care_memory.hpp"

#include "backupd/state_owner.hpp"

#include <algorithm>

namespace intendance::backupd {

namespace {

bool is_cared_for(const core::CommandContext& context, const std::string& repository) {
  if (!context.has_config() || !has_state(context)) return false;
  const auto all = read_care(context.config());
  return std::any_of(all.begin(), all.end(),
                     [&](const CareConfig& care) { return care.repository.name == repository; });
}

} // namespace

CareMemory::CareMemory(const core::CommandContext& context, CareTask task)
    : task_(task), repository_(chosen_repository(context).name),
      started_(core::system_clock().now()) {
  if (is_cared_for(context, repository_)) {
    become_owner_of(context.state_directory());
    states_.emplace(context.state_directory());
    lock_.emplace(*states_, repository_);
  } else {
    temporary_.emplace();
  }
}

const std::filesystem::path& CareMemory::scratch() const {
  return lock_ ? lock_->scratch() : temporary_->path();
}

void CareMemory::remember(const Repository& repository, CareResult result, Counts counts) {
  if (!states_) return;
  result.repository_id = core::to_hex(repository.trust().repository);
  result.size = measure(repository);
  result.run = {started_, core::system_clock().now(),
                result.findings.empty() ? Outcome::done : Outcome::warnings, "",
                result.findings.size()};
  backupd::remember(*states_, repository_, task_, result, counts);
}

} // namespace intendance::backupd
