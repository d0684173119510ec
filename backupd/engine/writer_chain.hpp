// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/repository.hpp"

#include <filesystem>
#include <optional>
#include <vector>

namespace intendance::backupd {

// The numbered chain of one writer's snapshots, as this machine knows it. Held while a snapshot is
// committed: whoever comes meanwhile, in another thread or process, waits.
class WriterChain {
public:
  // `state` is shared by all who write with this key on this machine.
  WriterChain(const std::filesystem::path& state, const Repository& repository);

  // Sets number and predecessor. The newest that the store shows, or the one remembered here when
  // that is newer: then somebody removed snapshots, which becomes a finding.
  void join(SnapshotHeader& header, std::vector<Finding>& findings) const;
  void remember(std::uint64_t sequence, const SnapshotName& snapshot) const;

private:
  struct Head {
    std::uint64_t sequence = 0;
    std::optional<SnapshotName> snapshot;
  };
  Head remembered() const;

  const Repository& repository_;
  std::filesystem::path file_;
  core::FileDescriptor lock_;
};

} // namespace intendance::backupd
