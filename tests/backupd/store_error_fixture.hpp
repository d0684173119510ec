// SPDX-License-Identifier: AGPL-3.0-or-later
// Commands, as people type them, each of whose requests to the store fails once.
#pragma once

#include "backupd/repository/repository.hpp"
#include "core/command.hpp"
#include "tests/backupd/whole.hpp"
#include "tests/support/store_faults.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace intendance::backupd {

using Arguments = std::vector<std::string>;

struct Answer {
  core::ExitStatus status = core::ExitStatus::done;
  std::string out, err;
};

// All that a command may change.
struct Place {
  std::filesystem::path folder;
  std::unique_ptr<storage::ObjectStore> store = storage::make_memory_store();
  std::filesystem::path keys() const { return folder / "keys"; }
  std::filesystem::path state() const { return folder / "state"; }
};

class StoreErrors : public ::testing::Test {
protected:
  StoreErrors();

  // In the tree. Random bytes.
  void write(const std::string& name, std::size_t size);
  void back_up();
  // Three snapshots in `whole_`, of a tree one file of which changed each time.
  void make_repository();
  std::string changing_file() const { return (tree_ / "folder/changing").string(); }

  // In a place; sets `fired_`.
  Answer run(const Place& place, Arguments arguments, const storage::FaultPlan* plan = nullptr);
  Place copy_of(const Place& place); // lives until the next

  Repository open(const Place& place) const; // as a reader
  std::set<std::string> names_of(const Place& place) const;
  void expect_restores(const Place& place, const std::set<std::string>& names) const;
  static std::set<std::string> objects_of(const Place& place); // names
  std::set<std::string> all() const;                           // that back_up() made

  struct Expectation {
    std::function<void(const Place&, const Answer&)> after = {}; // of the failure
    std::function<void(const Place&, const Answer&)> again;      // of the same command after that
    std::uint64_t at_least = 5;                                  // requests
    // Whether what a store answers with an error counts as damaged, so that the command goes on.
    bool error_is_damage = false;
  };
  // Runs it from the same beginning with the 1st, 2nd… of its requests failing, until none is left:
  // before it has an effect, in two ways, and after.
  void at_every_request(const Arguments& command, const Expectation& expected,
                        const Place* from = nullptr);

  core::TemporaryDirectory folder_;
  std::filesystem::path tree_ = folder_.path() / "tree";
  Place whole_;
  std::map<std::string, Tree> trees_; // by the snapshot's id
  std::string newest_;                // of them
  bool fired_ = false;

private:
  core::CommandLine line_;
  std::optional<core::TemporaryDirectory> copied_;
};

} // namespace intendance::backupd
