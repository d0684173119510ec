// SPDX-License-Identifier: AGPL-3.0-or-later
// A backup, a prune and a restore whose process ends at each change that it makes to a disk, before
// it and after: every committed snapshot still restores bit for bit, the next run of the same
// command finishes, and a restore's target never shows anything but whole files.
#include "tests/backupd/local_fixture.hpp"
#include "tests/backupd/tree.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <exception>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using test_support::LocalFault;
using test_support::LocalFaults;

class LocalCrash : public LocalTest, public ::testing::WithParamInterface<bool> {
protected:
  using Command = std::function<void(const World&)>;

  RestoreResult restore_again(const World& world, Overwrite overwrite) const {
    wait_for_the_clock_of_files();
    return restore_in(world, overwrite);
  }

  // Runs the command in a process of its own that ends at that change; false when it ended by
  // itself.
  bool is_killed(const World& world, std::uint64_t call, const Command& command) {
    without_sync_.reset();
    const auto child = ::fork();
    if (child == 0) run_and_end(world, call, command);
    without_sync_.emplace(LocalFault{.call = test_support::no_call});
    int status = 0;
    EXPECT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFEXITED(status)) << "signal " << WTERMSIG(status);
    EXPECT_TRUE(WEXITSTATUS(status) == 0 || WEXITSTATUS(status) == test_support::ended);
    return WEXITSTATUS(status) == test_support::ended;
  }

  // `check` sees the world after each.
  void at_every_change(const Command& command, const Command& check, std::uint64_t at_least) {
    for (std::uint64_t call = 1;; ++call) {
      SCOPED_TRACE("change " + std::to_string(call));
      const auto world = copy();
      if (prepare_) prepare_(world);
      const bool killed = is_killed(world, call, command);
      check(world);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
      if (!killed) {
        EXPECT_GT(call, at_least);
        return;
      }
    }
  }

  // What has its name in the target has its contents, and there is nothing else but leftovers.
  void expect_only_whole_files(const World& world, const std::vector<Tree>& trees) const {
    const auto restored = world.target() / source_.relative_path();
    if (!fs::exists(restored)) return;
    for (const auto& [path, description] : describe_tree(restored)) {
      if (fs::path(path).filename().string().starts_with(".intendance-")) continue;
      if (fs::is_directory(fs::symlink_status(restored / path))) continue;
      // Links to a file are made after it, so they may still be missing.
      const auto is = [&](const Tree& tree) {
        const auto expected = tree.find(path);
        return expected != tree.end() && expected->second.starts_with(description);
      };
      EXPECT_TRUE(std::any_of(trees.begin(), trees.end(), is)) << path << ": " << description;
    }
  }

  Command prepare_; // what comes before the command

private:
  [[noreturn]] static void run_and_end(const World& world, std::uint64_t call,
                                       const Command& command) {
    int status = 0;
    try {
      const LocalFaults faults({.call = call, .takes_effect = GetParam(), .ends_process = true});
      command(world);
    } catch (const std::exception& error) {
      std::fprintf(stderr, "the command failed: %s\n", error.what());
      status = 1;
    }
    ::_exit(status);
  }
};

TEST_P(LocalCrash, OfAFirstBackup) {
  make_source();
  const auto tree = describe_tree(source_);
  for (const auto spool : {Spool::store, Spool::state}) {
    at_every_change([&](const World& world) { back_up_in(world, spool); },
                    [&](const World& world) {
                      expect_whole(world);
                      back_up_in(world, spool);
                      expect_restores(world, "latest", tree);
                    },
                    50);
  }
}

TEST_P(LocalCrash, OfALaterBackup) {
  const auto changed = make_changed_source();
  for (const auto spool : {Spool::store, Spool::state}) {
    at_every_change([&](const World& world) { back_up_in(world, spool); },
                    [&](const World& world) {
                      expect_whole(world);
                      expect_restores(world, changed.first, changed.first_tree);
                      back_up_in(world, spool);
                      expect_restores(world, "latest", changed.tree);
                    },
                    50);
  }
}

// The index of chunks is kept once it is worth it.
TEST_P(LocalCrash, OfABackupThatKeepsItsIndex) {
  for (int each = 0; each < 16; ++each) {
    write("file", 2'000);
    back_up_in(whole_);
  }
  write("file", 3'000);
  const auto tree = describe_tree(source_);
  const auto kept = [](const World& world) {
    for (const auto& entry : fs::recursive_directory_iterator(world.state() / "index"))
      if (entry.path().filename() == "chunks") return true;
    return false;
  };
  at_every_change([&](const World& world) { back_up_in(world); },
                  [&](const World& world) {
                    back_up_in(world);
                    EXPECT_TRUE(kept(world));
                    expect_restores(world, "latest", tree);
                  },
                  50);
}

class LocalCrashOfAPrune : public LocalCrash {
protected:
  void check(const World& world) const {
    expect_whole(world);
    expect_restores(world, second_, tree_);
    prune_in(world);
    EXPECT_EQ(prune_in(world).waiting, 0u);
    expect_whole(world);
    expect_restores(world, second_, tree_);
    std::uint64_t bytes = 0;
    storage::open_directory_store(world.store())->list("packs/", [&](const auto& info) {
      bytes += info.size;
    });
    EXPECT_LT(bytes, 2'000'000u) << "what nobody needs is gone in the end";
  }
  void at_every_change_of_a_prune(std::chrono::seconds grace, std::uint64_t at_least) {
    at_every_change([&](const World& world) { prune_in(world, grace); },
                    [&](const World& world) { check(world); }, at_least);
  }

  std::string second_ = core::to_hex(make_garbage());
  Tree tree_ = describe_tree(source_);
};

TEST_P(LocalCrashOfAPrune, ThatDoesAllAtOnce) {
  at_every_change_of_a_prune(std::chrono::seconds(0), 35);
}

// The first marks and rewrites; the second deletes.
TEST_P(LocalCrashOfAPrune, ThatWaitsInBetween) {
  constexpr std::chrono::hours week{24 * 7};
  let_a_month_pass(whole_);
  at_every_change_of_a_prune(week, 12);
  const auto marking = prune_in(whole_, week);
  EXPECT_GT(marking.marked, 0u);
  EXPECT_GT(marking.rewritten, 0u);
  EXPECT_EQ(marking.deleted, 0u);
  let_a_month_pass(whole_);
  at_every_change_of_a_prune(week, 12);
  EXPECT_GT(prune_in(whole_, week).deleted, 0u);
}

TEST_P(LocalCrash, OfARestore) {
  make_source();
  back_up_in(whole_);
  const auto tree = describe_tree(source_);
  for (const auto overwrite : {Overwrite::always, Overwrite::if_changed, Overwrite::never}) {
    at_every_change([&](const World& world) { restore_in(world, overwrite); },
                    [&](const World& world) {
                      expect_only_whole_files(world, {tree});
                      const auto again =
                          overwrite == Overwrite::never ? Overwrite::if_changed : overwrite;
                      EXPECT_TRUE(restore_again(world, again).problems.empty());
                      EXPECT_EQ(describe_tree(world.target() / source_.relative_path()), tree);
                    },
                    50);
  }
}

// Over what an older snapshot had: each file is the older or the newer one.
TEST_P(LocalCrash, OfARestoreOverOlderFiles) {
  make_source();
  back_up_in(whole_);
  const auto older = describe_tree(source_);
  const auto first = core::to_hex(open(whole_, Role::reader).find_snapshot("latest").name);
  prepare_ = [&](const World& world) { restore_in(world, Overwrite::always, first); };
  for (const auto* name : {"large", "deep/small", "sparse"}) write(name, 4'000);
  fs::remove(source_ / "link");
  fs::create_symlink("elsewhere", source_ / "link");
  back_up_in(whole_);
  const auto tree = describe_tree(source_);
  for (const auto overwrite : {Overwrite::always, Overwrite::if_changed}) {
    at_every_change([&](const World& world) { restore_in(world, overwrite); },
                    [&](const World& world) {
                      expect_only_whole_files(world, {older, tree});
                      EXPECT_TRUE(restore_again(world, overwrite).problems.empty());
                      EXPECT_EQ(describe_tree(world.target() / source_.relative_path()), tree);
                    },
                    30);
  }
}

std::string moment(const ::testing::TestParamInfo<bool>& each) {
  return each.param ? "AfterTheChange" : "BeforeTheChange";
}
INSTANTIATE_TEST_SUITE_P(Moments, LocalCrash, ::testing::Bool(), moment);
INSTANTIATE_TEST_SUITE_P(Moments, LocalCrashOfAPrune, ::testing::Bool(), moment);

} // namespace
} // namespace intendance::backupd
