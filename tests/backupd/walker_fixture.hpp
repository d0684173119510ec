// SPDX-License-Identifier: AGPL-3.0-or-later
// Walks of real trees, for the tests of the walker. What happens to a tree meanwhile is done in the
// walker's own callbacks: `recognise` is asked between looking at a name and opening it, `visit`
// called between opening and reading, so that each race is lost every time.
#pragma once

#include "backupd/engine/walker.hpp"
#include "tests/backupd/ordinary_user.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <string>
#include <vector>

namespace intendance::backupd {

namespace fs = std::filesystem;

// What no walk of the root may ever hand over: it is in a file elsewhere.
inline const std::string secret = "the contents of another file";

void write(const fs::path& path, std::string_view content); // and the folders above
void make_fifo(const fs::path& path);
void make_socket(const fs::path& path);

using Warnings = std::vector<std::string>; // "name: message"

struct Seen {
  std::vector<Entry> entries; // in the order of visits
  std::map<std::string, std::string> contents;
  std::map<std::string, std::string> torn; // what torn() said, where it said something
  Warnings warnings;
};

// Names in what is seen are relative to the root.
class WalkerTest : public ::testing::Test {
protected:
  WalkerTest();
  ~WalkerTest() override;

  std::string relative(const std::string& path) const;
  // Checks the order of paths, and that nothing is the secret.
  Seen walk() { return walk({root_}); }
  Seen walk(const std::vector<fs::path>& roots);
  // Does something once, when that name is looked at and not yet opened.
  void when_looked_at(const std::string& name, const std::function<void()>& act);
  // Does something when that name is opened and not yet read.
  void when_visited(const std::string& name, const std::function<void()>& act);
  // Of what is in the root: "folder/ file link@ fifo|".
  std::string names(const Seen& seen) const;
  const Entry& entry_of(const Seen& seen, const std::string& name) const;

  core::TemporaryDirectory folder_of_test_;
  fs::path folder_, root_;
  WalkOptions options_;
  std::function<bool(Entry&)> at_look_;
  std::function<void(const Found&)> at_visit_;
  std::stop_source stop_;

private:
  void visit(Seen& seen, Found&& found) const;
};

} // namespace intendance::backupd
