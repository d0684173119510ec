// SPDX-License-Identifier: AGPL-3.0-or-later
// Damage done to a small repository, object by object: found, named, and limited to what it
// touches.
#include "backupd/engine/backup.hpp"
#include "backupd/engine/restore.hpp"
#include "backupd/engine/verify.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;

class Corruption : public ::testing::Test {
protected:
  Corruption() : keys_(folder_.path() / "keys") {
    Repository::initialise(*storage::open_directory_store(store_), keys_, "web-1",
                           core::system_clock().now());
    fs::create_directories(source_);
    core::write_file_atomically(source_ / "large",
                                std::string(core::as_text(core::random_bytes(4'000'000))));
    core::write_file_atomically(source_ / "small", "small");
    auto repository = open(Role::writer);
    BackupRequest request;
    request.machine = "web-1";
    request.job = "tei";
    request.roots = {source_};
    request.state = folder_.path() / "state";
    back_up(repository, request, {});
  }

  Repository open(Role role) {
    return Repository::open(storage::open_directory_store(store_), keys_, {role}, {});
  }
  std::vector<fs::path> objects(const std::string& kind) {
    std::vector<fs::path> found;
    for (const auto& entry : fs::recursive_directory_iterator(store_ / kind)) {
      if (entry.is_regular_file()) found.push_back(entry.path());
    }
    std::sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
      return fs::file_size(left) < fs::file_size(right);
    });
    return found;
  }
  static void flip_bit(const fs::path& file, std::size_t byte) {
    auto content = core::read_file(file, 1u << 30);
    content[byte % content.size()] = static_cast<char>(content[byte % content.size()] ^ 4);
    core::write_file_atomically(file, content);
  }
  VerifyReport verify_with(Role role, bool read_data) {
    const auto repository = open(role);
    VerifyOptions options;
    options.read_data = read_data;
    const core::TemporaryDirectory scratch;
    ChunkIndex index(scratch.path());
    return verify(repository, index, options, {});
  }
  bool names(const VerifyReport& report, const fs::path& object) {
    const auto name = object.lexically_relative(store_).string();
    return std::any_of(report.findings.begin(), report.findings.end(),
                       [&](const auto& each) { return each.object == name; });
  }

  core::TemporaryDirectory folder_;
  fs::path store_ = folder_.path() / "store", source_ = folder_.path() / "source";
  KeyFolder keys_;
};

TEST_F(Corruption, OfAnyByteOfAnyObjectIsFound) {
  for (const char* kind : {"packs", "indexes", "snapshots"}) {
    for (const auto& object : objects(kind)) {
      const auto good = core::read_file(object, 1u << 30);
      const auto step = good.size() / 60 + 1;
      for (std::size_t byte = 0; byte < good.size(); byte += step) {
        flip_bit(object, byte);
        for (const auto role : {Role::reader, Role::maintainer}) {
          EXPECT_TRUE(names(verify_with(role, true), object)) << object << " byte " << byte;
        }
        core::write_file_atomically(object, good);
      }
    }
  }
  EXPECT_TRUE(verify_with(Role::reader, true).findings.empty());
}

TEST_F(Corruption, ALostOrCutObjectIsFoundWithoutReadingData) {
  for (const char* kind : {"packs", "indexes"}) {
    for (const auto& object : objects(kind)) {
      const auto good = core::read_file(object, 1u << 30);
      fs::resize_file(object, good.size() - 1);
      EXPECT_FALSE(verify_with(Role::maintainer, false).findings.empty()) << object;
      fs::remove(object);
      EXPECT_FALSE(verify_with(Role::maintainer, false).findings.empty()) << object;
      core::write_file_atomically(object, good);
    }
  }
}

TEST_F(Corruption, CostsOnlyWhatItTouchesAndSaysSo) {
  // The largest pack holds the contents; in its middle lies a block of the large file alone.
  flip_bit(objects("packs").back(), 2'000'000);
  const auto report = verify_with(Role::reader, true);
  ASSERT_EQ(report.damaged.size(), 1u);
  EXPECT_EQ(report.damaged[0].path, (source_ / "large").string());

  const auto repository = open(Role::reader);
  std::vector<Finding> findings;
  ChunkIndex index(folder_.path() / "index");
  repository.update(index, findings);
  SnapshotReader reader(repository, index, repository.find_snapshot("latest"));
  RestoreRequest request;
  request.target = folder_.path() / "target";
  const auto result = restore(reader, request, {});
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].path, (source_ / "large").string());
  EXPECT_FALSE(result.complete());
  const auto restored = request.target / source_.relative_path();
  EXPECT_FALSE(fs::exists(restored / "large"));
  EXPECT_EQ(core::read_file(restored / "small"), "small");
}

TEST_F(Corruption, ALostIndexCostsNothing) {
  const auto index = objects("indexes").front();
  flip_bit(index, 100);
  const auto report = verify_with(Role::reader, true);
  EXPECT_TRUE(names(report, index));
  EXPECT_TRUE(report.damaged.empty());
  fs::remove(index);
  EXPECT_TRUE(verify_with(Role::reader, true).damaged.empty());
}

TEST_F(Corruption, ASnapshotOfSomebodyElseIsNotTaken) {
  // A thief who writes to the store, with keys of his own repository.
  const KeyFolder thief(folder_.path() / "thief");
  const auto elsewhere = folder_.path() / "elsewhere";
  Repository::initialise(*storage::open_directory_store(elsewhere), thief, "web-1",
                         core::system_clock().now());
  auto repository =
      Repository::open(storage::open_directory_store(elsewhere), thief, {Role::writer}, {});
  BackupRequest request;
  request.machine = "web-1";
  request.job = "tei";
  request.roots = {source_};
  request.state = folder_.path() / "thief-state";
  const auto forged = snapshot_object_name(back_up(repository, request, {}).snapshot);
  fs::copy_file(elsewhere / forged, store_ / forged);
  std::vector<Finding> findings;
  EXPECT_EQ(open(Role::reader).snapshots(findings).size(), 1u);
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].object, forged);
}

} // namespace
} // namespace intendance::backupd
