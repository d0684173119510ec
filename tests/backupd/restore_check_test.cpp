// SPDX-License-Identifier: AGPL-3.0-or-later
// What restore --verify sees: nothing in a good restore, and each thing that was altered since.
#include "backupd/commands.hpp"
#include "backupd/engine/backup.hpp"
#include "backupd/engine/restore_check.hpp"
#include "core/crypto.hpp"
#include "core/error.hpp"
#include "tests/backupd/tree.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::ExitStatus;

class RestoreChecked : public ::testing::Test {
protected:
  RestoreChecked() : keys_(folder_.path() / "keys") {
    Repository::initialise(*storage::open_directory_store(folder_.path() / "store"), keys_, "web-1",
                           core::system_clock().now());
    make_tree(source_);
    for (const std::string name : {"flipped", "longer", "shorter", "gone", "link", "inside/file"}) {
      fs::create_directories((source_ / name).parent_path());
      core::write_file_atomically(source_ / name,
                                  std::string(core::as_text(core::random_bytes(2'000'000))));
    }
    fs::create_hard_link(source_ / "flipped", source_ / "flipped-too");
    fs::create_symlink("somewhere", source_ / "pointer");
    make_holes(source_ / "holes", 40);
  }

  static void make_holes(const fs::path& path, int parts) {
    std::ofstream file(path, std::ios::binary);
    for (int each = 0; each < parts; ++each) {
      file.seekp(std::int64_t{each} * 8192);
      file << std::string(4096, static_cast<char>('a' + each % 26));
    }
    file.seekp(std::int64_t{parts} * 8192 - 1);
    file.put('z');
  }

  Repository open(Role role) {
    return Repository::open(storage::open_directory_store(folder_.path() / "store"), keys_, {role},
                            {});
  }

  // Restores, lets `alter` have its way, and checks.
  RestoreCheck check(const std::function<void()>& alter, WorkCounters* work = nullptr) {
    auto writer = open(Role::writer);
    BackupRequest backup;
    backup.job = "tei";
    backup.roots = {source_};
    backup.state = folder_.path() / "state";
    back_up(writer, backup, {});
    const auto repository = open(Role::reader);
    std::vector<Finding> findings;
    ChunkIndex index(folder_.path() / "index");
    repository.update(index, findings);
    const auto snapshot = repository.find_snapshot("latest");
    files_ = snapshot.header.files;
    SnapshotReader reader(repository, index, snapshot);
    request_.target = folder_.path() / "target";
    EXPECT_TRUE(restore(reader, request_, {}).complete());
    alter();
    return check_restored(reader, request_, failed_, {}, work);
  }
  fs::path restored(const std::string& name) const {
    return request_.target / source_.relative_path() / name;
  }
  static void overwrite(const fs::path& path, std::int64_t offset, const std::string& bytes) {
    std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
    file.seekp(offset);
    file << bytes;
  }

  core::TemporaryDirectory folder_;
  KeyFolder keys_;
  fs::path source_ = folder_.path() / "source";
  RestoreRequest request_;
  std::set<std::string> failed_;
  std::uint64_t files_ = 0;
};

TEST_F(RestoreChecked, FindsAGoodRestoreGood) {
  WorkCounters work;
  const auto result = check([] {}, &work);
  for (const auto& problem : result.problems) ADD_FAILURE() << problem.path << problem.message;
  EXPECT_EQ(result.files, files_);
  EXPECT_GT(result.bytes, 12'000'000u);
  EXPECT_EQ(work.look().phase, WorkPhase::comparing);
  EXPECT_EQ(work.look().items, files_);
}

TEST_F(RestoreChecked, NamesWhatIsNotTheSnapshots) {
  const auto result = check([this] {
    auto byte = core::read_file(restored("flipped")).substr(1'234'567, 1);
    overwrite(restored("flipped"), 1'234'567, std::string(1, static_cast<char>(byte[0] ^ 1)));
    overwrite(restored("longer"), 2'000'000, "x");
    fs::resize_file(restored("shorter"), 1'999'999);
    fs::remove(restored("gone"));
    fs::rename(restored("link"), restored("true"));
    fs::create_symlink("true", restored("link"));
    fs::remove(restored("pointer"));
    fs::create_symlink("elsewhere", restored("pointer"));
    fs::rename(restored("inside"), restored("outside"));
    fs::create_symlink("outside", restored("inside"));
    overwrite(restored("holes"), 30 * 8192 + 6000, "y");
  });
  std::map<std::string, std::string> found;
  for (const auto& problem : result.problems) {
    EXPECT_EQ(problem.loss, Loss::everything);
    found[fs::path(problem.path).lexically_relative("/" / source_.relative_path()).string()] =
        problem.message;
  }
  const std::map<std::string, std::string> expected = {
      {"flipped", "holds other bytes than the snapshot's file"},
      {"flipped-too", "holds other bytes than the snapshot's file"},
      {"gone", "is not there"},
      {"holes", "has bytes where the snapshot's file has a hole"},
      {"inside", "is of another kind"},
      {"inside/file", "cannot be opened: Too many levels of symbolic links"},
      {"link", "is of another kind"},
      {"longer", "has 2000001 bytes instead of 2000000"},
      {"pointer", "points elsewhere than the snapshot's link"},
      {"shorter", "has 1999999 bytes instead of 2000000"},
  };
  EXPECT_EQ(found, expected);
}

TEST_F(RestoreChecked, LeavesOutWhatIsKnownToHaveFailed) {
  const auto gone = ("/" / source_.relative_path() / "gone").string();
  failed_ = {gone};
  EXPECT_TRUE(check([this] { fs::remove(restored("gone")); }).problems.empty());
}

TEST_F(RestoreChecked, OnlyWarnsOfWhatWasToStay) {
  request_.options.overwrite = Overwrite::never;
  const auto result = check([this] { fs::remove(restored("gone")); });
  ASSERT_EQ(result.problems.size(), 1u);
  EXPECT_EQ(result.problems[0].loss, Loss::attributes);
}

TEST_F(RestoreChecked, IsACommandsOption) {
  core::CommandLine line;
  register_commands(line);
  const auto run = [&](std::vector<std::string> arguments) {
    for (const auto& [option, name] :
         {std::pair("--keys=", "keys"), std::pair("--state=", "state")})
      arguments.push_back(option + (folder_.path() / name).string());
    arguments.push_back("--repository=file://" + (folder_.path() / "store").string());
    std::ostringstream out, err;
    const auto status = line.run(arguments, out, err);
    return std::pair(status, out.str() + err.str());
  };
  const auto target = (folder_.path() / "target").string();
  ASSERT_EQ(run({"backup", "--paths", (source_ / "inside").string()}).first, ExitStatus::done);
  const auto [good, said] = run({"restore", "latest", "--target", target, "--verify"});
  EXPECT_EQ(good, ExitStatus::done) << said;
  EXPECT_NE(said.find("compared   1 files  1.9 MiB, read back from the target\n"),
            std::string::npos)
      << said;
  overwrite(target + (source_ / "inside/file").string(), 5, "not what was there");
  const auto [differs, names] =
      run({"restore", "latest", "--target", target, "--verify", "--overwrite", "never"});
  EXPECT_EQ(differs, ExitStatus::warnings);
  EXPECT_NE(names.find("inside/file: holds other bytes"), std::string::npos) << names;
  EXPECT_EQ(run({"restore", "latest", "--target", target, "--verify", "--dry-run"}).first,
            ExitStatus::usage);
}

} // namespace
} // namespace intendance::backupd
