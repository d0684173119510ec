// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/backupd/local_fixture.hpp"

#include "core/error.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/support/far_store.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <ctime>

namespace intendance::backupd {

namespace fs = std::filesystem;

LocalTest::LocalTest() : keys_(folder_.path() / "keys") {
  Repository::initialise(*storage::open_directory_store(whole_.store()), keys_, "web-1",
                         core::system_clock().now());
  without_sync_.emplace(test_support::LocalFault{.call = test_support::no_call});
}

LocalTest::~LocalTest() { without_sync_.reset(); }

void LocalTest::write(const std::string& name, std::size_t size) {
  fs::create_directories((source_ / name).parent_path());
  const auto file = core::open_file(source_ / name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
  core::write_all(file.get(), core::random_bytes(size));
}

void LocalTest::make_source() {
  write("large", 300'000);
  write("deep/er/kept", 5'000);
  write("deep/small", 10);
  write("empty", 0);
  write("sparse", 20'000);
  fs::resize_file(source_ / "sparse", 200'000);
  fs::create_hard_link(source_ / "deep/small", source_ / "another name");
  fs::create_symlink("deep", source_ / "link");
  EXPECT_EQ(::mkfifo((source_ / "fifo").c_str(), 0640), 0);
  EXPECT_EQ(::setxattr((source_ / "large").c_str(), "user.note", "x", 1, 0), 0);
  fs::permissions(source_ / "deep/er/kept", fs::perms::owner_read);
}

LocalTest::Changed LocalTest::make_changed_source() {
  make_source();
  const auto first = core::to_hex(back_up_in(whole_).snapshot);
  const auto first_tree = describe_tree(source_);
  write("deep/small", 200);
  write("new", 100'000);
  return {first, first_tree, describe_tree(source_)};
}

SnapshotName LocalTest::make_garbage() {
  make_source();
  // Blocks are cut at 1 MiB, and a pack is rewritten when most of its blocks are dead.
  for (int each = 0; each < 3; ++each) write("an old/" + std::to_string(each), 1'100'000);
  for (int each = 0; each < 3; ++each) write("changing/" + std::to_string(each), 100'000);
  const auto first = back_up_in(whole_).snapshot;
  fs::remove_all(source_ / "an old");
  for (int each = 0; each < 3; ++each) write("changing/" + std::to_string(each), 100'000);
  const auto second = back_up_in(whole_).snapshot;
  storage::open_directory_store(whole_.store())->remove(snapshot_object_name(first));
  return second;
}

Repository LocalTest::open(const World& world, Role role) const {
  return Repository::open(storage::open_directory_store(world.store()), keys_, {role},
                          world.memory());
}

BackupResult LocalTest::back_up_in(const World& world, Spool spool) const {
  auto store = spool == Spool::store
                   ? storage::open_directory_store(world.store())
                   : test::far_away(storage::open_directory_store(world.store()), 1);
  auto repository = Repository::open(std::move(store), keys_, {Role::writer}, world.memory());
  BackupRequest request;
  request.machine = "web-1";
  request.job = "tei";
  request.roots = {source_};
  request.state = world.state();
  return back_up(repository, request, {});
}

PruneReport LocalTest::prune_in(const World& world, std::chrono::seconds grace) const {
  const auto repository = open(world, Role::maintainer);
  PruneOptions options;
  options.machine = "hub";
  options.grace = grace;
  options.spool = world.folder;
  ChunkIndex index(world.folder / "index of a prune");
  return prune(repository, index, options, {});
}

RestoreResult LocalTest::restore_in(const World& world, Overwrite overwrite,
                                    const std::string& snapshot,
                                    std::vector<Finding>* findings) const {
  const auto repository = open(world, Role::reader);
  const core::TemporaryDirectory scratch(folder_.path());
  auto found = repository.findings();
  ChunkIndex index(scratch.path() / "index");
  repository.update(index, found);
  SnapshotReader reader(repository, index, repository.find_snapshot(snapshot));
  RestoreRequest wanted;
  wanted.target = world.target();
  wanted.options.overwrite = overwrite;
  if (findings != nullptr) *findings = found;
  return restore(reader, wanted, {});
}

void LocalTest::expect_whole(const World& world) const {
  backupd::expect_whole(open(world, Role::reader));
}

void LocalTest::expect_restores(const World& world, const std::string& snapshot,
                                const Tree& tree) const {
  const auto found = restored_tree(open(world, Role::reader), snapshot, source_);
  for (const auto& [path, text] : tree) {
    const auto place = found.find(path);
    EXPECT_EQ(place == found.end() ? "(absent)" : place->second, text) << path;
  }
  EXPECT_EQ(found.size(), tree.size());
}

void LocalTest::let_a_month_pass(const World& world) {
  for (const auto& entry : fs::recursive_directory_iterator(world.store())) {
    if (entry.is_regular_file())
      fs::last_write_time(entry, entry.last_write_time() - std::chrono::hours(24 * 31));
  }
}

void LocalTest::wait_for_the_clock_of_files() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const FileTime passed{now.tv_sec, static_cast<std::uint32_t>(now.tv_nsec)};
  while (TargetServices::now() < passed) ::sched_yield();
}

World LocalTest::copy() {
  copied_.emplace();
  const World made{copied_->path() / "world"};
  fs::copy(whole_.folder, made.folder,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  return made;
}

} // namespace intendance::backupd
