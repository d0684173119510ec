// SPDX-License-Identifier: AGPL-3.0-or-later
// Trees that change while they are walked.
#include "core/error.hpp"
#include "tests/backupd/walker_fixture.hpp"

#include <fcntl.h>

#include <csignal>
#include <cstdio>
#include <thread>

namespace intendance::backupd {
namespace {

class WalkerRace : public WalkerTest {};

struct Replaced {
  std::string what; // shown when it fails
  std::function<void(const fs::path& root)> act;
  std::string names;
  Warnings warnings;
};

// "m" is looked at, then something else takes its place.
void each_replacement(const std::function<void(const fs::path&)>& make,
                      const std::function<Seen(const Replaced&)>& walk,
                      const std::function<std::string(const Seen&)>& names, const fs::path& root) {
  const auto gone = [](const fs::path& at) { fs::remove_all(at / "m"); };
  const std::vector<Replaced> cases = {
      {"removed", gone, "a z", {"m: vanished before it was read"}},
      {"a link to a file",
       [&](const auto& at) {
         gone(at);
         fs::create_symlink("../elsewhere/secret", at / "m");
       },
       "a m@ z",
       {}},
      {"a link to a folder",
       [&](const auto& at) {
         gone(at);
         fs::create_directory_symlink("../elsewhere", at / "m");
       },
       "a m@ z",
       {}},
      {"a FIFO",
       [&](const auto& at) {
         gone(at);
         make_fifo(at / "m");
       },
       "a m| z",
       {}},
      {"a socket",
       [&](const auto& at) {
         gone(at);
         make_socket(at / "m");
       },
       "a z",
       {}},
      {"a folder",
       [&](const auto& at) {
         gone(at);
         write(at / "m/new", "new");
       },
       "a m/ m/new z",
       {}},
      {"a new file",
       [&](const auto& at) {
         write(at / "../new", "new");
         fs::remove_all(at / "m");
         fs::rename(at / "../new", at / "m");
       },
       "a m z",
       {}},
  };
  for (const auto& each : cases) {
    SCOPED_TRACE(each.what);
    gone(root);
    make(root / "m");
    const auto seen = walk(each);
    EXPECT_EQ(names(seen), each.names);
    EXPECT_EQ(seen.warnings, each.warnings);
    EXPECT_TRUE(seen.torn.empty());
    for (const auto& [name, content] : seen.contents)
      EXPECT_EQ(content, name.starts_with('m') ? "new" : name) << name;
  }
}

class Replacement : public WalkerTest {
protected:
  void check(const std::function<void(const fs::path&)>& make) {
    write(root_ / "a", "a");
    write(root_ / "z", "z");
    each_replacement(
        make,
        [this](const Replaced& each) {
          when_looked_at("m", [&] { each.act(root_); });
          return walk();
        },
        [this](const Seen& seen) { return names(seen); }, root_);
  }
};

TEST_F(Replacement, OfAFile) {
  check([](const fs::path& path) { write(path, "old"); });
}

TEST_F(Replacement, OfAFolder) {
  check([](const fs::path& path) { write(path / "old", "old"); });
}

TEST_F(Replacement, OfALink) {
  check([](const fs::path& path) { fs::create_symlink("old", path); });
}

TEST_F(Replacement, OfAFifo) {
  check([](const fs::path& path) { make_fifo(path); });
}

// A name that is now a file and now a link, as fast as a thread can change it.
TEST_F(WalkerRace, NeverTakesAnotherFilesContentsHoweverOftenItIsReplaced) {
  write(root_ / "m", "own");
  const auto link = folder_ / "link";
  fs::create_symlink("../elsewhere/secret", link);
  std::jthread exchanging([&](std::stop_token stop) {
    while (!stop.stop_requested())
      ::renameat2(AT_FDCWD, link.c_str(), AT_FDCWD, (root_ / "m").c_str(), RENAME_EXCHANGE);
  });
  for (int round = 0; round < 3000; ++round) {
    const auto seen = walk();
    if (seen.warnings.empty()) {
      const auto& entry = entry_of(seen, "m");
      EXPECT_EQ(entry.link_target, entry.type == FileType::file ? "" : "../elsewhere/secret");
      EXPECT_EQ(seen.contents.count("m"), entry.type == FileType::file ? 1u : 0u);
    } else {
      EXPECT_EQ(seen.warnings, Warnings{"m: was replaced while being looked at, and is left out"});
      EXPECT_EQ(names(seen), "");
    }
    if (seen.contents.count("m") != 0) {
      EXPECT_EQ(seen.contents.at("m"), "own");
    }
  }
}

TEST_F(WalkerRace, AFurtherNameHasTheContentsWhenTheFirstVanished) {
  write(root_ / "a", "shared");
  for (const auto* name : {"b", "c"}) fs::create_hard_link(root_ / "a", root_ / name);
  when_looked_at("a", [&] { fs::remove(root_ / "a"); });
  const auto seen = walk();
  EXPECT_EQ(seen.contents, (std::map<std::string, std::string>{{"b", "shared"}}));
  EXPECT_EQ(relative(entry_of(seen, "c").hard_link), "b");
  EXPECT_EQ(seen.warnings, Warnings{"a: vanished before it was read"});
}

TEST_F(WalkerRace, MadeUnreadableBetweenLookAndOpen) {
  for (const auto* name : {"a", "folder/x", "m", "z"}) write(root_ / name, name);
  at_look_ = [&](Entry& entry) {
    const auto name = relative(entry.path);
    if (name == "m" || name == "folder") fs::permissions("/" + entry.path, fs::perms::none);
    return false;
  };
  const OrdinaryUser user(folder_);
  const auto seen = walk();
  EXPECT_EQ(names(seen), "a folder/ z");
  EXPECT_EQ(entry_of(seen, "folder").mode, 0u);
  EXPECT_EQ(seen.warnings,
            (Warnings{"folder: cannot be listed, so what is in it is left out: Permission denied",
                      "m: Permission denied"}));
}

TEST_F(WalkerRace, AFolderThatMayBeListedButNotSearched) {
  for (const auto* name : {"folder/x", "folder/y", "z"}) write(root_ / name, name);
  fs::permissions(root_ / "folder", fs::perms::owner_read);
  const OrdinaryUser user(folder_);
  const auto seen = walk();
  EXPECT_EQ(names(seen), "folder/ z");
  EXPECT_EQ(seen.warnings,
            (Warnings{"folder/x: Permission denied", "folder/y: Permission denied"}));
}

// Samba leases files to its clients; an open that does not wait would be refused.
TEST_F(WalkerRace, WaitsForALeaseToBeGivenBack) {
  const auto path = root_ / "leased";
  write(path, "leased");
  const auto before = std::signal(SIGIO, SIG_IGN);
  const auto holder = core::open_file(path, O_RDWR);
  ASSERT_EQ(::fcntl(holder.get(), F_SETLEASE, F_WRLCK), 0);
  std::jthread giving_back([&] {
    while (::fcntl(holder.get(), F_GETLEASE) == F_WRLCK) std::this_thread::yield();
    EXPECT_EQ(::fcntl(holder.get(), F_SETLEASE, F_UNLCK), 0);
  });
  const auto seen = walk();
  EXPECT_EQ(seen.contents.at("leased"), "leased");
  EXPECT_EQ(seen.warnings, Warnings{});
  std::signal(SIGIO, before);
}

TEST_F(WalkerRace, SaysWhatIsTornWhileBeingRead) {
  const std::vector<std::pair<std::string, std::function<void(const fs::path&)>>> cases = {
      {"truncated", [](const auto& path) { fs::resize_file(path, 3); }},
      {"grown", [](const auto& path) { fs::resize_file(path, 100); }},
      {"written over",
       [](const auto& path) {
         const auto file = core::open_file(path, O_WRONLY);
         core::write_all(file.get(), core::as_bytes("OTHER"));
       }},
      {"removed", [](const auto& path) { fs::remove(path); }},
      {"made unreadable", [](const auto& path) { fs::permissions(path, fs::perms::none); }},
      {"replaced by a link",
       [&](const auto& path) {
         fs::remove(path);
         fs::create_symlink("../elsewhere/secret", path);
       }},
      {"replaced by a FIFO",
       [&](const auto& path) {
         fs::remove(path);
         make_fifo(path);
       }},
  };
  for (const auto& [what, act] : cases) {
    SCOPED_TRACE(what);
    const auto path = root_ / "m";
    fs::remove(path);
    write(path, "contents");
    when_visited("m", [&act = act, path] { act(path); });
    const auto seen = walk();
    EXPECT_EQ(seen.torn, (std::map<std::string, std::string>{
                             {"m", "changed while being read (kept as read)"}}));
    EXPECT_TRUE(seen.contents.contains("m"));
    EXPECT_EQ(seen.warnings, Warnings{});
  }
}

TEST_F(WalkerRace, AFolderRemovedWhileBeingWalked) {
  for (const auto* name : {"f/a", "f/b", "f/c/d", "z"}) write(root_ / name, name);
  when_visited("f", [&] { fs::remove_all(root_ / "f"); });
  auto seen = walk();
  EXPECT_EQ(names(seen), "f/ z");
  EXPECT_EQ(seen.warnings, Warnings{"f: cannot be listed to its end: No such file or directory"});

  for (const auto* name : {"f/a", "f/b", "f/c/d", "z"}) write(root_ / name, name);
  when_visited("f/a", [&] { fs::remove_all(root_ / "f"); });
  seen = walk();
  EXPECT_EQ(names(seen), "f/ f/a z");
  EXPECT_EQ(seen.warnings,
            (Warnings{"f/b: vanished before it was read", "f/c: vanished before it was read"}));
}

// The folder that was opened is walked to its end; what took its place is not gone into.
TEST_F(WalkerRace, AFolderReplacedByALinkWhileBeingWalked) {
  for (const auto* name : {"f/a", "f/secret", "z"}) write(root_ / name, name);
  when_visited("f/a", [&] {
    fs::rename(root_ / "f", folder_ / "moved");
    fs::create_directory_symlink(folder_ / "elsewhere", root_ / "f");
  });
  const auto seen = walk();
  EXPECT_EQ(names(seen), "f/ f/a f/secret z");
  EXPECT_EQ(seen.contents.at("f/secret"), "f/secret");
  EXPECT_EQ(seen.warnings, Warnings{});
}

} // namespace
} // namespace intendance::backupd
