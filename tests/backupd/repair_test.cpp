// SPDX-License-Identifier: AGPL-3.0-or-later
// Packs of a small repository damaged in different places, repaired, and restored: everything is
// there, bit for bit, but what is named.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/repair.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "core/error.hpp"
#include "tests/backupd/tree.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <set>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

using Tree = std::map<std::string, std::string>;

class Repairing : public ::testing::Test {
protected:
  Repairing() : keys_(folder_.path() / "keys") {
    Repository::initialise(*storage::open_directory_store(store_), keys_, "web-1",
                           core::system_clock().now());
    make_tree(source_);
    // Enough names for several pages of the manifest.
    for (int folder = 0; folder < 10; ++folder) {
      const auto inside = source_ / fmt::format("many-{:02}", folder);
      fs::create_directories(inside);
      for (int file = 0; file < 100; ++file)
        std::ofstream(inside / fmt::format("file-{:03}", file)) << folder << ' ' << file;
    }
    write("large", 5'000'000);
    fs::create_hard_link(source_ / "large", source_ / "large-again");
    write("other", 3'000'000);
    damaged_ = back_up_now();
    whole_ = describe_tree(source_);
  }

  void write(const std::string& name, std::size_t size) {
    core::write_file_atomically(source_ / name,
                                std::string(core::as_text(core::random_bytes(size))));
  }
  Repository open(Role role) {
    return Repository::open(storage::open_directory_store(store_), keys_, {role}, {});
  }
  SnapshotName back_up_now() {
    auto repository = open(Role::writer);
    BackupRequest request;
    request.job = "tei";
    request.roots = {source_};
    request.state = folder_.path() / "state";
    return back_up(repository, request, {}).snapshot;
  }
  RepairReport repair_now(bool dry_run = false) {
    const auto reader = open(Role::reader);
    auto writer = open(Role::writer);
    const core::TemporaryDirectory scratch;
    RepairOptions options;
    options.dry_run = dry_run;
    options.state = folder_.path() / "state";
    options.spool = scratch.path();
    ChunkIndex index(scratch.path() / "index");
    return repair(reader, writer, index, options, {});
  }

  // Every block of that kind, where it lies.
  struct Place {
    fs::path pack;
    std::uint64_t offset, length;
  };
  std::vector<Place> blocks_of(ChunkKind kind) {
    const auto repository = open(Role::reader);
    std::vector<Place> places;
    repository.store().list("packs/", [&](const storage::ObjectInfo& info) {
      const auto pack = repository.read_pack_info(*digest_of(info.name), info.size);
      for (const auto& block : pack.directory.blocks) {
        if (block.kind == kind) places.push_back({store_ / info.name, block.offset, block.stored});
      }
    });
    return places;
  }
  static void damage(const Place& place) {
    auto bytes = core::read_file(place.pack, std::size_t{1} << 30);
    bytes.at(place.offset + place.length / 2) ^= 1;
    core::write_file_atomically(place.pack, bytes);
  }

  Tree restored(const SnapshotName& name) {
    const auto repository = open(Role::reader);
    std::vector<Finding> findings;
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path() / "index");
    repository.update(index, findings);
    const auto snapshot = repository.find_snapshot(core::to_hex(name));
    SnapshotReader reader(repository, index, snapshot);
    RestoreRequest request;
    request.target = scratch.path() / "target";
    const auto result = restore(reader, request, {});
    for (const auto& problem : result.problems)
      ADD_FAILURE() << problem.path << ": " << problem.message;
    const auto& header = snapshot.header;
    EXPECT_EQ(result.files, header.files);
    return describe_tree(request.target / source_.relative_path());
  }

  // By their paths in the tree.
  std::set<std::string> named(const DamagedSnapshot& damaged) const {
    std::set<std::string> paths;
    for (const auto& each : damaged.losses.named)
      paths.insert(fs::path(each.path).lexically_relative(source_).string());
    return paths;
  }
  void expect_all_but(const Tree& tree, const std::set<std::string>& lost) {
    auto expected = whole_;
    for (const auto& path : lost) EXPECT_EQ(expected.erase(path), 1u) << path;
    EXPECT_EQ(tree, expected);
  }

  core::TemporaryDirectory folder_;
  fs::path store_ = folder_.path() / "store", source_ = folder_.path() / "source";
  KeyFolder keys_;
  SnapshotName damaged_{};
  Tree whole_;
};

TEST_F(Repairing, MakesNothingWhenNothingIsLost) {
  const auto report = repair_now();
  EXPECT_EQ(report.snapshots, 1u);
  EXPECT_GT(report.bytes_read, 0u);
  EXPECT_TRUE(report.damaged.empty());
  EXPECT_TRUE(report.findings.empty());
}

TEST_F(Repairing, KeepsAllButTheFilesOfALostBlock) {
  const auto good = folder_.path() / "good";
  fs::copy(store_, good, fs::copy_options::recursive);
  for (const auto& place : blocks_of(ChunkKind::contents)) {
    fs::remove_all(store_);
    fs::copy(good, store_, fs::copy_options::recursive);
    damage(place);
    const auto report = repair_now();
    ASSERT_EQ(report.damaged.size(), 1u);
    const auto& damaged = report.damaged.front();
    ASSERT_TRUE(damaged.by);
    EXPECT_EQ(damaged.snapshot.name, damaged_);
    const auto lost = named(damaged);
    EXPECT_FALSE(lost.empty());
    EXPECT_EQ(lost.contains("large"), lost.contains("large-again")) << "a further name";
    expect_all_but(restored(*damaged.by), lost);
  }
}

// The repaired snapshot does not need the damaged pack at all.
TEST_F(Repairing, BuildsOnNoDamagedPack) {
  const auto place = blocks_of(ChunkKind::contents).back();
  damage(place);
  const auto report = repair_now();
  ASSERT_EQ(report.damaged.size(), 1u);
  fs::remove(place.pack);
  expect_all_but(restored(report.damaged[0].by.value()), named(report.damaged[0]));
}

TEST_F(Repairing, ContinuesTheChainAndIsTheLatestOfItsTime) {
  const auto later = back_up_now();
  damage(blocks_of(ChunkKind::contents).front());
  const auto report = repair_now();
  ASSERT_EQ(report.damaged.size(), 2u) << "both hold the file";
  const auto repository = open(Role::reader);
  const auto before = repository.find_snapshot(core::to_hex(damaged_)).header;
  const auto after = repository.find_snapshot(core::to_hex(*report.damaged[0].by)).header;
  EXPECT_EQ(after.started, before.started);
  EXPECT_EQ(after.job, before.job);
  EXPECT_EQ(after.sequence, 3u);
  EXPECT_EQ(after.previous, later);
  EXPECT_EQ(after.warnings, before.warnings + report.damaged[0].losses.named.size() + 1);
  EXPECT_EQ(repository.find_snapshot("latest").name, report.damaged[1].by);
  const auto warnings =
      repository.body(repository.find_snapshot(core::to_hex(*report.damaged[0].by))).warnings;
  ASSERT_FALSE(warnings.empty());
  EXPECT_EQ(warnings.at(1).path, report.damaged[0].losses.named.front().path);
  // And what was repaired is not repaired again.
  const auto again = repair_now();
  ASSERT_EQ(again.damaged.size(), 2u);
  EXPECT_EQ(again.damaged[0].by, report.damaged[0].by);
  EXPECT_EQ(again.damaged[0].rest.files, 0u);
}

TEST_F(Repairing, ALostPackOfContentsCostsItsFiles) {
  const auto place = blocks_of(ChunkKind::contents).front();
  fs::remove(place.pack);
  const auto report = repair_now();
  ASSERT_EQ(report.damaged.size(), 1u);
  EXPECT_TRUE(named(report.damaged[0]).contains("large"));
  expect_all_but(restored(report.damaged[0].by.value()), named(report.damaged[0]));
}

TEST_F(Repairing, ALostPageCostsWhatItLists) {
  // Where pages end depends on keys. So many names have ends among them whatever the keys are, and
  // what changes at their end has pages of its own, in another block than those before.
  for (int file = 0; file < 3000; ++file)
    std::ofstream(source_ / "many-00" / fmt::format("more-{:04}", file)) << file;
  back_up_now();
  for (int file = 0; file < 100; ++file)
    std::ofstream(source_ / "many-09" / fmt::format("file-{:03}", file)) << "changed";
  const auto before = blocks_of(ChunkKind::manifest);
  const auto second = back_up_now();
  whole_ = describe_tree(source_);
  for (const auto& place : blocks_of(ChunkKind::manifest)) {
    const bool is_new = std::none_of(before.begin(), before.end(),
                                     [&](const Place& each) { return each.pack == place.pack; });
    if (!is_new) damage(place);
  }
  const auto report = repair_now();
  ASSERT_EQ(report.damaged.size(), 3u);
  const auto& damaged = report.damaged.back();
  ASSERT_EQ(damaged.snapshot.name, second);
  ASSERT_TRUE(damaged.by);
  const auto tree = restored(*damaged.by);
  EXPECT_FALSE(tree.empty());
  EXPECT_LT(tree.size(), whole_.size());
  for (const auto& [path, description] : tree) {
    if (description.starts_with("40")) continue; // a folder: its record may be in a lost page
    EXPECT_EQ(whole_.at(path), description) << path;
  }
  EXPECT_FALSE(damaged.losses.named.empty());
}

TEST_F(Repairing, LostReferencesCostNoFile) {
  for (const auto& place : blocks_of(ChunkKind::references)) damage(place);
  const auto report = repair_now();
  ASSERT_EQ(report.damaged.size(), 1u);
  EXPECT_TRUE(report.damaged[0].losses.references);
  EXPECT_TRUE(report.damaged[0].losses.named.empty());
  expect_all_but(restored(report.damaged[0].by.value()), {});
  // A maintainer sees again what the new one needs.
  fs::remove(store_ / snapshot_object_name(damaged_));
  const core::TemporaryDirectory scratch;
  ChunkIndex index(scratch.path());
  for (const auto& finding : verify(open(Role::maintainer), index, {}, {}).findings)
    ADD_FAILURE() << finding.object << ": " << finding.message;
}

TEST_F(Repairing, ADryRunLeavesNothing) {
  damage(blocks_of(ChunkKind::contents).front());
  const auto report = repair_now(true);
  ASSERT_EQ(report.damaged.size(), 1u);
  EXPECT_FALSE(report.damaged[0].by);
  EXPECT_FALSE(report.damaged[0].losses.named.empty());
  std::vector<Finding> findings;
  EXPECT_EQ(open(Role::reader).snapshots(findings).size(), 1u);
}

TEST_F(Repairing, WantsTheIndexMadeAnewFirst) {
  fs::path index;
  for (const auto& entry : fs::directory_iterator(store_ / "indexes")) index = entry.path();
  fs::remove(index);
  EXPECT_THROW(repair_now(), core::Error);
  std::vector<Finding> findings;
  EXPECT_EQ(open(Role::reader).snapshots(findings).size(), 1u);
}

} // namespace
} // namespace intendance::backupd
