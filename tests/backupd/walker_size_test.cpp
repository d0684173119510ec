// SPDX-License-Identifier: AGPL-3.0-or-later
// Trees that are deep, and folders that are full.
#include "core/error.hpp"
#include "tests/backupd/walker_fixture.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace intendance::backupd {
namespace {

class WalkerSize : public WalkerTest {};

// Folders within folders, each with a file that is visited on the way back. Paths grow far beyond
// PATH_MAX, so everything is done by descriptors.
class Nested {
public:
  Nested(const fs::path& root, int depth) : root_(root) {
    auto at = core::open_file(root, O_RDONLY | O_DIRECTORY);
    for (int each = 0; each < depth; ++each) {
      EXPECT_EQ(::mkdirat(at.get(), "d", 0755), 0);
      EXPECT_EQ(::mknodat(at.get(), "e", S_IFREG | 0644, 0), 0);
      at = core::FileDescriptor(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
  }
  Nested(const Nested&) = delete;
  Nested& operator=(const Nested&) = delete;
  ~Nested() {
    auto at = core::open_file(root_, O_RDONLY | O_DIRECTORY);
    int depth = 0;
    for (;; ++depth) {
      ::unlinkat(at.get(), "e", 0);
      core::FileDescriptor next(::openat(at.get(), "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      if (!next) break;
      at = std::move(next);
    }
    for (; depth > 0; --depth) {
      at = core::FileDescriptor(::openat(at.get(), "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
      ::unlinkat(at.get(), "d", AT_REMOVEDIR);
    }
  }

private:
  fs::path root_;
};

// Lowers the number of descriptors that this process may have.
class FewDescriptors {
public:
  explicit FewDescriptors(rlim_t most) {
    EXPECT_EQ(::getrlimit(RLIMIT_NOFILE, &before_), 0);
    const rlimit lower{most, before_.rlim_max};
    EXPECT_EQ(::setrlimit(RLIMIT_NOFILE, &lower), 0);
  }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;
  ~FewDescriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }

private:
  rlimit before_{};
};

TEST_F(WalkerSize, WalksTenThousandFoldersWithinFolders) {
  constexpr int depth = 10'000;
  // In memory if possible, where so many folders are made at once.
  const bool memory = fs::is_directory("/dev/shm");
  const core::TemporaryDirectory there(memory ? fs::path("/dev/shm") : folder_);
  const Nested nested(there.path(), depth);
  const FewDescriptors few(128);
  std::size_t folders = 0, files = 0, longest = 0;
  Warnings warnings;
  std::string last;
  Walker walker(
      {}, [](Entry&) { return false; },
      [&](Found&& found) {
        ++(found.entry.type == FileType::directory ? folders : files);
        EXPECT_EQ(found.contents.get() >= 0, found.entry.type == FileType::file);
        EXPECT_TRUE(compare_paths(found.entry.path, last) > 0);
        last = std::move(found.entry.path);
        longest = std::max(longest, last.size());
      },
      [&](const std::string& path, const std::string& message) {
        warnings.push_back(path.substr(0, 100) + ": " + message);
      },
      {});
  walker.walk(there.path());
  EXPECT_EQ(warnings, Warnings{});
  const auto& path = there.path().native();
  EXPECT_EQ(folders, static_cast<std::size_t>(depth + std::count(path.begin(), path.end(), '/')));
  EXPECT_EQ(files, static_cast<std::size_t>(depth));
  EXPECT_GT(longest, std::size_t{2 * depth});
}

class MovedMeanwhile : public WalkerTest {
protected:
  static constexpr int depth = 3 * Walker::most_open_folders;
  static std::string path_at(int level) {
    std::string path = "d";
    for (int each = 1; each < level; ++each) path += "/d";
    return path;
  }
  static std::size_t files_of(const Seen& seen) {
    return static_cast<std::size_t>(
        std::count_if(seen.entries.begin(), seen.entries.end(),
                      [](const Entry& entry) { return entry.type == FileType::file; }));
  }
  // The folders of `levels`, each put elsewhere, and another in the place of the highest.
  void move_at_the_bottom(const std::vector<int>& levels) {
    when_visited(path_at(depth), [this, levels] {
      for (const auto level : levels)
        fs::rename(root_ / path_at(level), folder_ / std::to_string(level));
      write(root_ / path_at(levels.back()) / "e", secret);
    });
  }
  const Nested nested_{root_, depth};
};

// Nothing is lost: what was opened is walked to its end, and names lead back to the others.
TEST_F(MovedMeanwhile, AFolderFarAbove) {
  move_at_the_bottom({3});
  const auto seen = walk();
  EXPECT_EQ(seen.warnings, Warnings{});
  EXPECT_EQ(files_of(seen), static_cast<std::size_t>(depth));
  fs::remove_all(root_ / path_at(3));
  fs::rename(folder_ / "3", root_ / path_at(3));
}

// Neither ".." nor names lead to what is between two folders that were moved.
TEST_F(MovedMeanwhile, TwoFoldersFarAbove) {
  move_at_the_bottom({6, 3});
  const auto seen = walk();
  const std::string moved = ": was moved while being walked; what was left of it is left out";
  EXPECT_EQ(seen.warnings, (Warnings{path_at(5) + moved, path_at(4) + moved, path_at(3) + moved}));
  EXPECT_EQ(files_of(seen), static_cast<std::size_t>(depth - 3));
  EXPECT_EQ(seen.contents.count(path_at(2) + "/e"), 1u);
  EXPECT_EQ(seen.contents.count(path_at(3) + "/e"), 0u);
  fs::remove_all(root_ / path_at(3));
  fs::rename(folder_ / "3", root_ / path_at(3));
  fs::rename(folder_ / "6", root_ / path_at(6));
}

TEST_F(WalkerSize, WalksAFolderOfManyNames) {
  constexpr int count = 10'000; // more than are looked at ahead
  const auto folder = core::open_file(root_, O_RDONLY | O_DIRECTORY);
  write(root_ / "0", "shared");
  for (int each = 1; each < count; ++each) {
    ASSERT_EQ(::linkat(folder.get(), "0", folder.get(), std::to_string(each).c_str(), 0), 0);
  }
  const auto seen = walk();
  EXPECT_EQ(seen.contents, (std::map<std::string, std::string>{{"0", "shared"}}));
  const auto links =
      std::count_if(seen.entries.begin(), seen.entries.end(), [&](const Entry& entry) {
        return !entry.hard_link.empty() && relative(entry.hard_link) == "0";
      });
  EXPECT_EQ(links, count - 1);
}

} // namespace
} // namespace intendance::backupd
