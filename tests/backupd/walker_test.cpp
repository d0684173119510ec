// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "tests/backupd/tree.hpp"
#include "tests/backupd/walker_fixture.hpp"

#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include <algorithm>
#include <thread>

namespace intendance::backupd {
namespace {

TEST_F(WalkerTest, DescribesEverything) {
  fs::remove(root_);
  make_tree(root_);
  make_socket(root_ / "socket");
  const auto seen = walk();
  EXPECT_EQ(seen.warnings, Warnings{});
  EXPECT_EQ(seen.torn.size(), 0u);
  std::size_t found = 0;
  for (const auto& each : fs::recursive_directory_iterator(root_)) {
    if (each.is_socket()) continue;
    ++found;
    const auto& entry = entry_of(seen, each.path().lexically_relative(root_).string());
    struct stat status {};
    ASSERT_EQ(::lstat(each.path().c_str(), &status), 0);
    EXPECT_EQ(entry.mode, status.st_mode & 07777) << entry.path;
    EXPECT_EQ(entry.uid, status.st_uid);
    EXPECT_EQ(entry.gid, status.st_gid);
    EXPECT_EQ(entry.user, ::getpwuid(status.st_uid)->pw_name);
    EXPECT_EQ(entry.modified, (FileTime{status.st_mtim.tv_sec,
                                        static_cast<std::uint32_t>(status.st_mtim.tv_nsec)}));
    EXPECT_EQ(entry.size, S_ISREG(status.st_mode) ? status.st_size : 0) << entry.path;
    ASSERT_TRUE(entry.identity);
    EXPECT_EQ(entry.identity->device, status.st_dev);
    EXPECT_EQ(entry.identity->inode, status.st_ino);
    EXPECT_EQ(entry.identity->changed.seconds, status.st_ctim.tv_sec);
    EXPECT_EQ(entry.link_target, each.is_symlink() ? fs::read_symlink(each) : "");
  }
  EXPECT_EQ(names(seen).find("socket"), std::string::npos);
  EXPECT_EQ(
      std::count_if(seen.entries.begin(), seen.entries.end(),
                    [&](const Entry& each) { return !relative(each.path).starts_with(".."); }),
      static_cast<std::ptrdiff_t>(found + 1));
  EXPECT_EQ(entry_of(seen, "fifo").type, FileType::fifo);
  EXPECT_EQ(entry_of(seen, "deep").attributes,
            (std::vector<ExtendedAttribute>{{"user.empty", ""}}));
  const std::vector<ExtendedAttribute> note = {{"user.note", std::string("\0x", 2)}};
  EXPECT_EQ(entry_of(seen, "small.xml").attributes, note);
  // The first name in order has the contents, the others refer to it.
  EXPECT_EQ(seen.contents.at("deep/second name"), "<TEI>é</TEI>");
  EXPECT_EQ(relative(entry_of(seen, "small.xml").hard_link), "deep/second name");
  EXPECT_EQ(relative(entry_of(seen, "zz third name").hard_link), "deep/second name");
  EXPECT_EQ(relative(entry_of(seen, "dangling too").hard_link), "dangling");
  EXPECT_EQ(seen.contents.count("small.xml"), 0u);
  EXPECT_EQ(seen.contents.at("not\xffutf8"), "2");
}

TEST_F(WalkerTest, ReadsLongAttributes) {
  write(root_ / "file", "x");
  const std::string value(700, 'v');
  const auto path = root_ / "file";
  ASSERT_EQ(::setxattr(path.c_str(), "user.long", value.data(), value.size(), 0), 0);
  for (int each = 0; each < 20; ++each) {
    const auto name = "user." + std::string(30, 'n') + std::to_string(each);
    ASSERT_EQ(::setxattr(path.c_str(), name.c_str(), "x", 1, 0), 0);
  }
  const auto seen = walk();
  EXPECT_EQ(seen.warnings, Warnings{});
  const auto& attributes = entry_of(seen, "file").attributes;
  ASSERT_EQ(attributes.size(), 21u);
  EXPECT_EQ(attributes.front(), (ExtendedAttribute{"user.long", value}));
}

TEST_F(WalkerTest, GoesInOrderOfPathsAndVisitsSharedParentsOnce) {
  for (const auto* name : {"b", "a!", "a/x", "a/x!/y", "a-b", "\xff", "Z"}) write(root_ / name, "");
  write(folder_ / "sister/f", "");
  const auto seen = walk({root_, folder_ / "sister"});
  EXPECT_EQ(names(seen), "Z a/ a/x a/x!/ a/x!/y a! a-b b \xff");
  EXPECT_EQ(relative(seen.entries.back().path), "../sister/f");
  std::size_t parents = 0;
  for (const auto& entry : seen.entries) parents += "/" + entry.path == folder_ ? 1 : 0;
  EXPECT_EQ(parents, 1u);
}

TEST_F(WalkerTest, DoesNotOpenWhatIsRecognised) {
  fs::remove(root_);
  make_tree(root_);
  std::vector<std::string> asked;
  at_look_ = [&](Entry& entry) {
    EXPECT_TRUE(entry.identity);
    EXPECT_TRUE(entry.attributes.empty());
    EXPECT_FALSE(entry.user.empty());
    asked.push_back(entry.path);
    entry.attributes = {{"user.remembered", ""}};
    return true;
  };
  at_visit_ = [](const Found& found) {
    EXPECT_TRUE(found.recognised);
    EXPECT_FALSE(found.contents);
    EXPECT_EQ(found.entry.attributes.size(), 1u);
  };
  // Mode 000: would be named, if it were opened.
  const auto path = root_ / "quote\"'\\ $(x)";
  ASSERT_EQ(::chmod(path.c_str(), 0), 0);
  const OrdinaryUser user(folder_);
  const auto seen = walk();
  EXPECT_EQ(seen.warnings, Warnings{});
  ASSERT_EQ(asked.size(), seen.entries.size());
  for (std::size_t each = 0; each < asked.size(); ++each)
    EXPECT_EQ(asked[each], seen.entries[each].path);
  EXPECT_EQ(relative(entry_of(seen, "small.xml").hard_link), "deep/second name");
}

TEST_F(WalkerTest, OpensOnlyWhatIsNotRecognised) {
  for (const auto* name : {"a/b", "a/c", "d"}) write(root_ / name, name);
  at_look_ = [&](Entry& entry) { return relative(entry.path) != "a/c"; };
  EXPECT_EQ(walk().contents, (std::map<std::string, std::string>{{"a/c", "a/c"}}));
}

TEST_F(WalkerTest, LeavesOutWhatPatternsSay) {
  for (const auto* name : {"a.tmp", "keep.tmp", "cache/x", "d/cache", "d/e/log/x", "d/log", "f"})
    write(root_ / name, name);
  options_.exclude = {"*.tmp", "!keep.tmp", "cache/", root_.string() + "/d/**/log", "root"};
  EXPECT_EQ(names(walk()), "d/ d/cache d/e/ f keep.tmp");
  options_.exclude = {"[a"};
  EXPECT_THROW(walk(), core::ConfigError);
}

TEST_F(WalkerTest, KeepsOfACacheTheTagAlone) {
  const std::string tag = "Signature: 8a477f597d28d172789f06886806bc55\n# made by a program\n";
  write(root_ / "cache/CACHEDIR.TAG", tag);
  write(root_ / "cache/deep/x", "x");
  write(root_ / "not/CACHEDIR.TAG", "Signature: 8a477f597d28d172789f06886806bc5");
  write(root_ / "not/x", "x");
  write(root_ / "link/x", "x");
  fs::create_symlink("../cache/CACHEDIR.TAG", root_ / "link/CACHEDIR.TAG");
  write(root_ / "fifo/x", "x");
  make_fifo(root_ / "fifo/CACHEDIR.TAG");
  const std::string others = "fifo/ fifo/CACHEDIR.TAG| fifo/x link/ link/CACHEDIR.TAG@ link/x not/ "
                             "not/CACHEDIR.TAG not/x";
  EXPECT_EQ(names(walk()), "cache/ cache/CACHEDIR.TAG cache/deep/ cache/deep/x " + others);
  options_.exclude_caches = true;
  EXPECT_EQ(names(walk()), "cache/ cache/CACHEDIR.TAG " + others);
}

TEST_F(WalkerTest, KeepsAnEmptyFolderWhereAnotherFileSystemIsMounted) {
  write(root_ / "m/below", "x");
  write(root_ / "z", "z");
  bool mounted = false;
  // In a namespace of this thread alone, which is gone with it.
  std::jthread([&] {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", (root_ / "m").c_str(), "tmpfs", 0, "mode=0751") != 0) {
      return;
    }
    mounted = true;
    write(root_ / "m/within", "x");
    EXPECT_EQ(names(walk()), "m/ m/within z");
    options_.one_file_system = true;
    const auto seen = walk();
    EXPECT_EQ(names(seen), "m/ z");
    EXPECT_EQ(entry_of(seen, "m").mode, 0751u);
    EXPECT_EQ(names(walk({root_ / "m"})), "m/ m/within");
  }).join();
  if (!mounted) GTEST_SKIP() << "may not mount";
}

TEST_F(WalkerTest, TakesALinkAsARootForWhatItIs) {
  fs::create_directory_symlink(folder_ / "elsewhere", root_ / "link");
  const auto seen = walk({root_ / "link"});
  EXPECT_EQ(names(seen), "link@");
  EXPECT_EQ(seen.warnings,
            Warnings{"link: is a symbolic link; what it points to is not backed up with it"});
}

TEST_F(WalkerTest, ResolvesLinksOnTheWayToARoot) {
  write(root_ / "real/f", "f");
  fs::create_directory_symlink(root_ / "real", root_ / "link");
  const auto seen = walk({root_ / "link/f"});
  EXPECT_EQ(names(seen), "real/ real/f");
}

TEST_F(WalkerTest, RefusesARootThatIsNone) {
  EXPECT_THROW(walk({root_ / "absent"}), Unreachable);
  EXPECT_THROW(walk({root_ / "absent/deeper"}), Unreachable);
  EXPECT_THROW(walk({"relative"}), core::ConfigError);
}

TEST_F(WalkerTest, StopsWhenAskedAndCanWalkAgain) {
  for (const auto* name : {"a/b", "c"}) write(root_ / name, name);
  when_visited("a/b", [&] { stop_.request_stop(); });
  EXPECT_THROW(walk(), core::Cancelled);
  at_visit_ = [](const Found& found) {
    if (found.contents) throw core::Error("the reader failed");
  };
  stop_ = {};
  EXPECT_THROW(walk(), core::Error);
}

TEST(HardLinks, AreForgottenWithTheirLastName) {
  HardLinks links;
  FileStatus status;
  status.device = 1;
  status.inode = 2;
  status.links = 3;
  status.born = {5, 0};
  EXPECT_EQ(links.first_name(status), nullptr);
  links.add(status, "a");
  links.add(status, "b");
  ASSERT_NE(links.first_name(status), nullptr);
  EXPECT_EQ(*links.first_name(status), "a");
  links.add(status, "c");
  EXPECT_EQ(links.size(), 0u);

  status.links = 1;
  links.add(status, "alone");
  EXPECT_EQ(links.size(), 0u);
}

TEST(HardLinks, ANewFileIsNotTakenForAnOldOneOfTheSameNumber) {
  HardLinks links;
  FileStatus status;
  status.inode = 2;
  status.links = 2;
  status.born = {5, 0};
  links.add(status, "old");
  status.born = {6, 0};
  EXPECT_EQ(links.first_name(status), nullptr);
  links.add(status, "new");
  EXPECT_EQ(*links.first_name(status), "new");
}

TEST(OwnerNames, AreEmptyForNumbersWithoutAName) {
  Entry entry;
  entry.uid = entry.gid = 0;
  OwnerNames names;
  names.fill(entry);
  EXPECT_EQ(entry.user + ":" + entry.group, "root:root");
  entry.uid = entry.gid = 4'000'000'001;
  names.fill(entry);
  EXPECT_EQ(entry.user + ":" + entry.group, ":");
}

} // namespace
} // namespace intendance::backupd
