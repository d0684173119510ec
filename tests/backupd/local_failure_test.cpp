// SPDX-License-Identifier: AGPL-3.0-or-later
// Each change that a backup, a prune and a restore make to a disk fails once, or fails from then
// on: the error names the file and says why, what was committed is whole, and the next run
// finishes.
#include "core/error.hpp"
#include "tests/backupd/local_fixture.hpp"
#include "tests/backupd/tree.hpp"

#include <cstring>
#include <set>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using test_support::LocalFault;
using test_support::LocalFaults;

struct Failure {
  int error = 0;
  bool lasting = false; // every later change fails too, as on a disk that is full
};

class LocalFailure : public LocalTest, public ::testing::WithParamInterface<Failure> {
protected:
  // Returns what was reported, in words; throws Error when nothing could be done.
  using Command = std::function<std::vector<std::string>(const World&)>;
  using Check = std::function<void(const World&)>;

  void at_every_change(const Command& command, const Check& check, std::uint64_t at_least) {
    for (std::uint64_t call = 1;; ++call) {
      const auto world = copy();
      LocalFault fault{.call = call, .error = GetParam().error, .kill = GetParam().lasting};
      std::vector<std::string> reported;
      std::string struck;
      without_sync_.reset();
      {
        const LocalFaults faults(fault);
        try {
          reported = command(world);
        } catch (const core::Error& error) {
          reported = {error.what()};
        }
        struck = faults.struck();
      }
      without_sync_.emplace(LocalFault{.call = test_support::no_call});
      SCOPED_TRACE("change " + std::to_string(call) + ", " + struck);
      if (!struck.empty()) expect_told(world, struck, reported);
      check(world);
      if (HasFatalFailure() || HasNonfatalFailure()) return;
      if (struck.empty()) {
        EXPECT_GT(call, at_least);
        return;
      }
    }
  }

  static std::vector<std::string> words(const std::vector<Finding>& findings) {
    std::vector<std::string> all;
    for (const auto& each : findings) all.push_back(each.object + ": " + each.message);
    return all;
  }
  static std::vector<std::string> words(const RestoreResult& result) {
    std::vector<std::string> all;
    for (const auto& each : result.problems) all.push_back(each.path + ": " + each.message);
    return all;
  }

private:
  // By its path, or as an object or a part of the tree.
  bool names_a_file(const World& world, const std::string& message) const {
    for (const auto& name : {world.folder, source_, fs::temp_directory_path()})
      if (message.find(name.string()) != std::string::npos) return true;
    return false;
  }
  void expect_told(const World& world, const std::string& struck,
                   const std::vector<std::string>& reported) const {
    // What could not be tidied up is tidied up by the next run, and what can be done in another way
    // is done so: a file without a name, a name for it.
    const std::set<std::string> harmless = {"unlink", "unlinkat", "open", "linkat"};
    if (reported.empty()) {
      EXPECT_TRUE(harmless.contains(struck)) << "nothing was said";
      return;
    }
    for (const auto& each : reported) {
      // What failed is said of the name that it is a further one of.
      if (each.find("is a further name of") != std::string::npos) continue;
      EXPECT_NE(each.find(std::strerror(GetParam().error)), std::string::npos) << each;
      EXPECT_TRUE(names_a_file(world, each)) << "it names no file: " << each;
    }
  }
};

TEST_P(LocalFailure, OfABackup) {
  const auto changed = make_changed_source();
  for (const auto spool : {Spool::store, Spool::state}) {
    at_every_change([&](const World& world) { return words(back_up_in(world, spool).findings); },
                    [&](const World& world) {
                      expect_whole(world);
                      expect_restores(world, changed.first, changed.first_tree);
                      back_up_in(world, spool);
                      expect_restores(world, "latest", changed.tree);
                    },
                    40);
  }
}

TEST_P(LocalFailure, OfAPrune) {
  const auto second = core::to_hex(make_garbage());
  const auto tree = describe_tree(source_);
  at_every_change([&](const World& world) { return words(prune_in(world).findings); },
                  [&](const World& world) {
                    expect_whole(world);
                    expect_restores(world, second, tree);
                    prune_in(world);
                    EXPECT_EQ(prune_in(world).waiting, 0u);
                    expect_whole(world);
                    expect_restores(world, second, tree);
                  },
                  30);
}

TEST_P(LocalFailure, OfARestore) {
  make_source();
  back_up_in(whole_);
  const auto tree = describe_tree(source_);
  at_every_change(
      [&](const World& world) {
        std::vector<Finding> findings;
        auto said = words(restore_in(world, Overwrite::always, "latest", &findings));
        for (auto& each : words(findings)) said.push_back(std::move(each));
        return said;
      },
      [&](const World& world) {
        // Modes and times may be missing: that was told.
        const auto restored = world.target() / source_.relative_path();
        const auto names = fs::exists(restored) ? describe_tree(restored) : Tree{};
        for (const auto& [path, description] : names) {
          const auto file = restored / path;
          if (!fs::is_regular_file(fs::symlink_status(file))) continue;
          if (!tree.contains(path)) continue; // a leftover
          EXPECT_EQ(core::read_file(file, 1u << 30), core::read_file(source_ / path, 1u << 30));
        }
        wait_for_the_clock_of_files();
        EXPECT_TRUE(restore_in(world).problems.empty());
        EXPECT_EQ(describe_tree(restored), tree);
      },
      40);
}

INSTANTIATE_TEST_SUITE_P(Kinds, LocalFailure,
                         ::testing::Values(Failure{ENOSPC, false}, Failure{ENOSPC, true},
                                           Failure{EIO, false}, Failure{EDQUOT, true}),
                         [](const auto& each) {
                           const std::string name = each.param.error == ENOSPC ? "DiskIsFull"
                                                    : each.param.error == EIO  ? "InputOutputError"
                                                                               : "QuotaIsUsedUp";
                           return name + (each.param.lasting ? "FromThenOn" : "Once");
                         });

} // namespace
} // namespace intendance::backupd
