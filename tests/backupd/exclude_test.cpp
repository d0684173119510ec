// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/engine/exclude.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

enum class Is { left_out, kept };

struct Case {
  std::vector<std::string> patterns;
  std::string path; // with '/' at the end: a folder
  Is wanted;
};

bool left_out(const std::vector<std::string>& patterns, std::string path) {
  const bool is_folder = path.ends_with('/');
  if (is_folder) path.pop_back();
  const auto slash = path.rfind('/');
  return Excludes(patterns).matches(path.substr(1, slash == 0 ? 0 : slash - 1),
                                    path.substr(slash + 1), is_folder);
}

TEST(Excludes, DecideByTheLastPatternThatFits) {
  const std::vector<Case> cases = {
      {{}, "/a", Is::kept},
      // Names, wherever they are.
      {{"*.tmp"}, "/a.tmp", Is::left_out},
      {{"*.tmp"}, "/srv/deep/a.tmp", Is::left_out},
      {{"*.tmp"}, "/srv/a.tmp/", Is::left_out},
      {{"*.tmp"}, "/srv/.tmp", Is::left_out},
      {{"*.tmp"}, "/srv/a.tmpx", Is::kept},
      {{"node_modules"}, "/srv/web/node_modules/", Is::left_out},
      {{"node_modules"}, "/srv/web/node_modules2/", Is::kept},
      {{"core.*"}, "/core.123", Is::left_out},
      {{"core.*"}, "/score.123", Is::kept},
      {{"*"}, "/srv", Is::left_out},
      {{"a*b*c"}, "/axxbyybzzc", Is::left_out},
      {{"a*b*c"}, "/axxbyybzz", Is::kept},
      {{"a**c"}, "/abc", Is::left_out},
      {{"*~"}, "/srv/a~", Is::left_out},
      {{".*"}, "/srv/.hidden", Is::left_out},
      {{"#*#"}, "/srv/#a#", Is::left_out},
      // One character.
      {{"?.log"}, "/1.log", Is::left_out},
      {{"?.log"}, "/12.log", Is::kept},
      {{"?.log"}, "/\xc3\xa9.log", Is::left_out},
      {{"?.log"}, "/\xff.log", Is::left_out},
      {{"??.log"}, "/\xff\xfe.log", Is::left_out},
      {{"[a-c]x"}, "/bx", Is::left_out},
      {{"[a-c]x"}, "/dx", Is::kept},
      {{"[!a-c]x"}, "/dx", Is::left_out},
      {{"[^a-c]x"}, "/bx", Is::kept},
      {{"[\xc3\xa0-\xc3\xbf]t\xc3\xa9"}, "/\xc3\xa9t\xc3\xa9", Is::left_out},
      {{"[]x]"}, "/]", Is::left_out},
      {{"[a-]"}, "/-", Is::left_out},
      {{"[\\]]"}, "/]", Is::left_out},
      {{"[[:digit:]_]*"}, "/7b", Is::left_out},
      {{"[[:digit:]_]*"}, "/b7", Is::kept},
      {{"\\*"}, "/*", Is::left_out},
      {{"\\*"}, "/a", Is::kept},
      {{"\\!important"}, "/!important", Is::left_out},
      {{"a\\"
        "b"},
       "/ab",
       Is::left_out},
      // Folders only.
      {{"cache/"}, "/srv/cache/", Is::left_out},
      {{"cache/"}, "/srv/cache", Is::kept},
      {{"/srv/cache/"}, "/srv/cache/", Is::left_out},
      {{"/srv/cache/"}, "/srv/cache", Is::kept},
      // Whole paths.
      {{"/srv/cache"}, "/srv/cache/", Is::left_out},
      {{"/srv/cache"}, "/srv/cache", Is::left_out},
      {{"/srv/cache"}, "/x/srv/cache", Is::kept},
      {{"/srv/cache"}, "/cache", Is::kept},
      {{"/srv"}, "/srv/", Is::left_out},
      {{"/srv/*.log"}, "/srv/a.log", Is::left_out},
      {{"/srv/*.log"}, "/srv/deep/a.log", Is::kept},
      {{"/home/*/.cache"}, "/home/ada/.cache/", Is::left_out},
      {{"/home/*/.cache"}, "/home/ada/x/.cache/", Is::kept},
      {{"/home/*/.cache"}, "/home/.cache/", Is::kept},
      // The end of a path.
      {{"cache/old"}, "/srv/cache/old", Is::left_out},
      {{"cache/old"}, "/cache/old", Is::left_out},
      {{"cache/old"}, "/srv/xcache/old", Is::kept},
      {{"cache/old"}, "/srv/cache/x/old", Is::kept},
      {{"a/*/c/"}, "/x/a/b/c/", Is::left_out},
      // Any folders.
      {{"/srv/**/log"}, "/srv/log", Is::left_out},
      {{"/srv/**/log"}, "/srv/a/b/log", Is::left_out},
      {{"/srv/**/log"}, "/var/log", Is::kept},
      {{"/srv/**"}, "/srv/a", Is::left_out},
      {{"/srv/**"}, "/srv/a/b", Is::left_out},
      {{"/srv/**"}, "/srv/", Is::kept},
      {{"**/log"}, "/log", Is::left_out},
      {{"**/log"}, "/a/b/log", Is::left_out},
      {{"**"}, "/a", Is::left_out},
      {{"/**/a/**/b"}, "/a/b", Is::left_out},
      {{"/**/a/**/b"}, "/x/a/y/z/b", Is::left_out},
      {{"/**/a/**/b"}, "/x/y/z/b", Is::kept},
      {{"/x/**/a/b"}, "/x/a/q/a/b", Is::left_out},
      {{"/x/a/**/a/b"}, "/x/a/b", Is::kept},
      {{"**/"}, "/srv/", Is::left_out},
      {{"**/"}, "/srv", Is::kept},
      // Taking back.
      {{"*.tmp", "!keep.tmp"}, "/srv/keep.tmp", Is::kept},
      {{"*.tmp", "!keep.tmp"}, "/srv/a.tmp", Is::left_out},
      {{"!keep.tmp", "*.tmp"}, "/srv/keep.tmp", Is::left_out},
      {{"keep.tmp", "!*.tmp"}, "/srv/keep.tmp", Is::kept},
      {{"/srv/*", "!/srv/tei/"}, "/srv/tei/", Is::kept},
      {{"/srv/*", "!/srv/tei/"}, "/srv/tei", Is::left_out},
      {{"a", "!a", "a"}, "/a", Is::left_out},
      {{"!a"}, "/a", Is::kept},
  };
  for (const auto& each : cases) {
    std::string patterns;
    for (const auto& pattern : each.patterns) patterns += " " + pattern;
    EXPECT_EQ(left_out(each.patterns, each.path), each.wanted == Is::left_out)
        << each.path << " by" << patterns;
  }
}

TEST(Excludes, RefuseWhatCannotBeMeant) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"", "names nothing"},
      {"!", "names nothing"},
      {"/", "names nothing"},
      {"!/", "names nothing"},
      {"a//b", "beside"},
      {"//a", "beside"},
      {"cache//", "beside"},
      {"./a", ". or .."},
      {"/srv/../etc", ". or .."},
      {"[abc", "without its ]"},
      {"a/[b/c]", "without its ]"},
      {"[z-a]", "ends before it begins"},
      {"[[:letter:]]", "no class"},
      {"a\\", "stands before nothing"},
      {std::string("a\0b", 3), "NUL"},
  };
  for (const auto& [pattern, wanted] : cases) {
    try {
      Excludes({"*.tmp", pattern});
      ADD_FAILURE() << pattern << " was taken";
    } catch (const core::ConfigError& error) {
      const std::string message = error.what();
      EXPECT_NE(message.find(wanted), std::string::npos) << message;
      EXPECT_NE(message.find("allowed: *.tmp (names)"), std::string::npos) << message;
    }
  }
}

TEST(Excludes, SayWhetherFoldersMatter) {
  EXPECT_TRUE(Excludes().empty());
  EXPECT_FALSE(Excludes({"*.tmp"}).ask_for_folders());
  EXPECT_TRUE(Excludes({"*.tmp", "cache/"}).ask_for_folders());
}

// Would not end within the age of the universe if each `*` tried every length.
TEST(Excludes, AreQuickHoweverManyStarsThereAre) {
  std::string stars, folders = "/";
  for (int each = 0; each < 30; ++each) {
    stars += "*a";
    folders += "**/a/";
  }
  const std::string name(250, 'a');
  std::string path;
  for (int each = 0; each < 200; ++each) path += "/a";
  EXPECT_FALSE(left_out({stars + "b"}, "/" + name));
  EXPECT_FALSE(left_out({"/x/" + folders.substr(1) + "b"}, path + "/b"));
}

} // namespace
} // namespace intendance::backupd
