// SPDX-License-Identifier: AGPL-3.0-or-later
// How often somebody waits for a store far away.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/snapshot_reader.hpp"
#include "storage/counting_store.hpp"
#include "tests/support/far_store.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

// On a machine that knows nothing of the repository yet. Requests that do not wait for one another
// (one index and the next) are one round trip; here each is one of its kind.
TEST(RoundTrips, OneFileOfAColdMachineTakesFew) {
  const core::TemporaryDirectory folder;
  const auto store = storage::make_memory_store();
  const KeyFolder keys(folder.path() / "keys");
  Repository::initialise(*store, keys, "web-1", core::system_clock().now());
  const auto source = folder.path() / "source";
  std::filesystem::create_directories(source);
  for (int each = 0; each < 300; ++each)
    core::write_file_atomically(source / std::to_string(each),
                                std::string(core::as_text(core::random_bytes(20'000))));
  {
    auto repository = Repository::open(std::make_unique<storage::CountingStore>(*store), keys,
                                       {Role::writer}, {});
    BackupRequest request;
    request.job = "tei";
    request.roots = {source};
    request.state = folder.path() / "machine";
    back_up(repository, request, {});
  }
  const auto far = test::far_away(*store, 8);
  auto counted = std::make_unique<storage::CountingStore>(*far);
  const auto& counting = *counted;
  const auto repository = Repository::open(std::move(counted), keys, {Role::reader}, {});
  const auto snapshot = repository.find_snapshot("latest");
  const auto before = counting.counts();
  ChunkIndex index(folder.path() / "index");
  std::vector<Finding> findings;
  repository.update(index, findings);
  SnapshotReader reader(repository, index, snapshot);
  RestoreRequest request;
  request.target = folder.path() / "target";
  request.paths = PathFilter({(source / "150").string().substr(1)});
  const auto result = restore(reader, request, {});
  EXPECT_EQ(result.files, 1u);
  const auto after = counting.counts();
  // The list of indexes, the index, the directory of the manifest's pack with what stands before it
  // (the list of pages), a page, the directory of the file's pack, its block.
  EXPECT_LE(after.requests() - before.requests(), 6u) << [&] {
    std::string calls;
    for (const auto verb : storage::verbs)
      calls += std::string(name_of(verb)) + " " +
               std::to_string(after.of(verb).calls - before.of(verb).calls) + " ";
    return calls;
  }();
}

} // namespace
} // namespace intendance::backupd
