// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/config.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <gtest/gtest.h>

#include <cstdlib>

namespace intendance::core {
namespace {

using std::chrono::seconds;

ConfigDocument document(std::string_view text) { return ConfigDocument::parse(text, "test.toml"); }

template <class Use>
std::string message_of(Use&& use) {
  try {
    use();
  } catch (const ConfigError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(Config, ReadsTypedValues) {
  auto table = *document("[webd]\nlisten = \"127.0.0.1:1\"\nthreads = 4\nquick = true\n"
                         "pause = \"7d\"\nnames = [\"a\", \"b\"]\nfile = \"x/y\"\n")
                    .table("webd");
  EXPECT_EQ(table.text("listen"), "127.0.0.1:1");
  EXPECT_EQ(table.integer("threads", 1, 1, 8), 4);
  EXPECT_TRUE(table.boolean("quick", false));
  EXPECT_EQ(table.duration("pause", seconds(1)), std::chrono::days(7));
  EXPECT_EQ(table.texts("names"), (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(table.path("file"), "x/y");
  EXPECT_EQ(table.text("absent", "fallback"), "fallback");
  table.finish();
}

TEST(Config, ARelativeFileIsACredentialOrLiesBesideTheConfiguration) {
  const TemporaryDirectory credentials;
  write_file_atomically(credentials.path() / "token", "s3cret", 0600);
  const auto config = ConfigDocument::parse(
      "[webd]\ngiven = \"token\"\nother = \"keys\"\nfixed = \"/x/token\"\nfolder = \".\"\n",
      "/etc/intendance/intendance.toml");
  ::setenv("CREDENTIALS_DIRECTORY", credentials.path().c_str(), 1);
  auto under_systemd = *config.table("webd");
  EXPECT_EQ(under_systemd.path("given"), credentials.path() / "token");
  EXPECT_EQ(under_systemd.path("other"), "/etc/intendance/keys");
  EXPECT_EQ(under_systemd.path("fixed"), "/x/token");
  EXPECT_EQ(under_systemd.path("folder"), "/etc/intendance/.");
  ::unsetenv("CREDENTIALS_DIRECTORY");
  auto by_hand = *config.table("webd");
  EXPECT_EQ(by_hand.path("given"), "/etc/intendance/token");
}

TEST(Config, NamesAnUnknownKeyAndWhatIsAllowed) {
  auto table = *document("[webd]\nlisten = \"a\"\nlisen = \"b\"\n").table("webd");
  table.text("listen");
  EXPECT_EQ(message_of([&] { table.finish(); }),
            "test.toml:3:9: [webd] lisen = \"b\": is not a known key\n  allowed: listen");
}

TEST(Config, NamesAnUnknownTable) {
  const auto message = message_of([] { document("[wedb]\n"); });
  EXPECT_NE(message.find("test.toml:1:1: wedb: is not a known key"), std::string::npos) << message;
}

TEST(Config, NamesAWrongType) {
  auto table = *document("[webd]\nlisten = 3\nthreads = \"4\"\nnames = [1]\n").table("webd");
  EXPECT_EQ(message_of([&] { table.text("listen"); }),
            "test.toml:2:10: [webd] listen = 3: is an integer; a text is wanted");
  EXPECT_EQ(message_of([&] { table.integer("threads", 1, 1, 2); }),
            "test.toml:3:11: [webd] threads = \"4\": is a text; an integer is wanted");
  EXPECT_EQ(message_of([&] { table.texts("names"); }),
            "test.toml:4:9: [webd] names: holds an integer; an array of texts is wanted");
  EXPECT_EQ(message_of([&] { table.text("absent"); }), "test.toml:1:1: [webd] absent: is missing");
}

TEST(Config, RefusesDurationsAndNumbersOutOfRange) {
  auto table = *document("[webd]\na = \"0s\"\nb = \"5\"\nc = \"9999999h\"\nd = 9\ne = \"-1s\"\n")
                    .table("webd");
  for (const char* key : {"a", "b", "c", "e"}) {
    EXPECT_THROW(table.duration(key, seconds(1)), ConfigError) << key;
  }
  EXPECT_NE(message_of([&] { table.integer("d", 1, 1, 8); }).find("allowed: 1 to 8"),
            std::string::npos);
}

TEST(Config, SyntaxErrorsHaveAPlace) {
  for (const char* text :
       {"[#]", "[[[1]]]", "a = ", "[webd]\nx = 'y", "\xff", "é = 1", "[a]\n[a]"}) {
    const auto message = message_of([&] { document(text); });
    EXPECT_TRUE(message.starts_with("test.toml:")) << text << " gave " << message;
  }
}

TEST(Config, ReadsArraysOfTablesAndNamedTables) {
  const auto config = document("[[job]]\nname = \"a\"\n[[job]]\nname = \"b\"\n"
                               "[repository.far]\nurl = \"s3://x\"\n");
  auto jobs = config.tables("job");
  ASSERT_EQ(jobs.size(), 2u);
  EXPECT_EQ(jobs[1].text("name"), "b");
  auto repositories = config.named_tables("repository");
  ASSERT_EQ(repositories.size(), 1u);
  EXPECT_EQ(repositories[0].first, "far");
  EXPECT_EQ(message_of([&] { repositories[0].second.fail("url", "is odd"); }),
            "test.toml:6:7: [repository.far] url = \"s3://x\": is odd");
}

TEST(Config, ReadsATableOfNamesAndTexts) {
  const TemporaryDirectory folder;
  const auto file = folder.path() / "map.toml";
  write_file_atomically(file, "[people]\n\"Zoé\" = \"zoe\"\n\"Jane Doe\" = \"jdoe\"\n");
  auto people = *load_config_table(file).table("people");
  const std::vector<std::pair<std::string, std::string>> expected = {{"Jane Doe", "jdoe"},
                                                                     {"Zoé", "zoe"}};
  EXPECT_EQ(people.named_texts(), expected);
  people.finish();
  write_file_atomically(file, "[people]\nzoe = 3\n");
  EXPECT_THROW(load_config_table(file).table("people")->named_texts(), ConfigError);
}

TEST(Config, JoinsTheFolderBesideIt) {
  const TemporaryDirectory folder;
  std::filesystem::create_directory(folder.path() / "conf.d");
  write_file_atomically(folder.path() / "i.toml",
                        "[machine]\nname = \"web-1\"\n[[job]]\nname = \"a\"\n");
  write_file_atomically(folder.path() / "conf.d/b.toml", "[[job]]\nname = \"b\"\n");
  const auto config = ConfigDocument::load(folder.path() / "i.toml");
  EXPECT_EQ(config.tables("job").size(), 2u);
  EXPECT_EQ(config.machine_name(), "web-1");

  write_file_atomically(folder.path() / "conf.d/c.toml", "[machine]\nname = \"web-2\"\n");
  const auto message =
      message_of([&] { ConfigDocument::load(folder.path() / "i.toml").machine_name(); });
  EXPECT_NE(message.find("conf.d/c.toml:1:1: machine: stands already at"), std::string::npos)
      << message;
  EXPECT_NE(message.find("i.toml:1"), std::string::npos) << message;
}

TEST(Config, SaysThatTheFileIsMissing) {
  EXPECT_EQ(message_of([] { ConfigDocument::load("/nonexistent/intendance.toml"); }),
            "cannot open /nonexistent/intendance.toml: No such file or directory");
}

} // namespace
} // namespace intendance::core
