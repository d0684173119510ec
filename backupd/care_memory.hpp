// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/command_support.hpp"
#include "backupd/schedule/care_runner.hpp"

#include <optional>

namespace intendance::backupd {

// What a prune or verify by hand shares with the daemon's care for the same repository, when it is
// one with a [[care]] and chosen by its name: only one of them at once, and the daemon knows of it.
// Root becomes the daemon's user for that. Without a care there is only a scratch folder.
class CareMemory {
public:
  // Throws Error while the daemon is at it.
  CareMemory(const core::CommandContext& context, CareTask task);

  const std::filesystem::path& scratch() const;
  // How a run that has just ended went; one that failed is not told, whoever runs it sees it.
  void remember(const Repository& repository, CareResult result, Counts counts);

private:
  CareTask task_;
  std::string repository_;
  core::TimePoint started_;
  std::optional<CareStates> states_;
  std::optional<CareLock> lock_;
  std::optional<core::TemporaryDirectory> temporary_;
};

} // namespace intendance::backupd
