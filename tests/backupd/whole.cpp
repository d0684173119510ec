// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/whole.hpp"

#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "tests/backupd/tree.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {

void expect_whole(const Repository& repository) {
  const core::TemporaryDirectory scratch;
  ChunkIndex index(scratch.path() / "index");
  VerifyOptions options;
  options.read_data = true;
  for (const auto& finding : verify(repository, index, options, {}).findings)
    ADD_FAILURE() << finding.object << ": " << finding.message;
}

Tree restored_tree(const Repository& repository, const std::string& snapshot,
                   const std::filesystem::path& source) {
  const core::TemporaryDirectory scratch;
  std::vector<Finding> findings;
  ChunkIndex index(scratch.path() / "index");
  repository.update(index, findings);
  SnapshotReader reader(repository, index, repository.find_snapshot(snapshot));
  RestoreRequest wanted;
  wanted.target = scratch.path() / "target";
  for (const auto& problem : restore(reader, wanted, {}).problems)
    ADD_FAILURE() << problem.path << ": " << problem.message;
  return describe_tree(wanted.target / source.relative_path());
}

} // namespace intendance::backupd
