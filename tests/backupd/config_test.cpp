// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/config.hpp"
#include "core/error.hpp"

#include <gtest/gtest.h>

namespace intendance::backupd {
namespace {

const std::string repository =
    "[repository.far]\nurl = \"file:///srv/far\"\nkeys = \"/etc/intendance/keys\"\n";

std::string message_of(const std::string& text) {
  try {
    read_config(core::ConfigDocument::parse("[backupd]\n" + text, "i.toml"));
  } catch (const core::ConfigError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST(BackupConfig, ReadsJobs) {
  const auto config = read_config(core::ConfigDocument::parse(
      "[machine]\nname = \"web-1\"\n[backupd]\n[[service]]\nname = \"omeka\"\nroot = "
      "\"/var/www/omeka\"\n" +
          repository +
          "[[job]]\nname = \"tei\"\nrepository = \"far\"\nschedule = \"daily 02:15\"\npaths = "
          "[\"/srv/tei\"]\nexclude = [\"*.tmp\"]\nexclude_caches = true\n"
          "[[job]]\nname = \"omeka\"\nservice = \"omeka\"\nrepository = \"far\"\npostgresql = "
          "[\"postgresql:///wiki\"]\n",
      "i.toml"));
  EXPECT_EQ(config.machine, "web-1");
  EXPECT_EQ(config.listen, "127.0.0.1:9711");
  ASSERT_EQ(config.jobs.size(), 2u);
  EXPECT_EQ(config.jobs[0].schedule->text(), "daily 02:15");
  EXPECT_EQ(config.jobs[1].paths, (std::vector<std::filesystem::path>{"/var/www/omeka"}));
  EXPECT_EQ(config.jobs[0].exclude, std::vector<std::string>{"*.tmp"});
  EXPECT_TRUE(config.jobs[0].exclude_caches);
  EXPECT_FALSE(config.jobs[1].exclude_caches);
  EXPECT_FALSE(config.jobs[1].schedule);
  EXPECT_EQ(config.jobs[1].repository.url, "file:///srv/far");
}

TEST(BackupConfig, NamesThePlaceAndWhatIsAllowed) {
  EXPECT_EQ(message_of(repository +
                       "[[job]]\nname = \"tei\"\nrepository = \"fra\"\npaths = [\"/srv\"]\n"),
            "i.toml:7:14: [[job]] repository = \"fra\": is not a [repository.NAME] of this "
            "configuration\n  allowed: far");
  const auto schedule =
      message_of(repository + "[[job]]\nname = \"tei\"\nrepository = \"far\"\nschedule = \"dayly "
                              "02:15\"\npaths = [\"/srv\"]\n");
  EXPECT_TRUE(schedule.starts_with("i.toml:8:12: [[job]] schedule = \"dayly 02:15\": "))
      << schedule;
  EXPECT_NE(schedule.find("allowed: hourly · daily HH:MM"), std::string::npos);
}

TEST(BackupConfig, RefusesAPatternThatCannotBeMeant) {
  const auto message =
      message_of(repository + "[[job]]\nname = \"tei\"\nrepository = \"far\"\npaths = "
                              "[\"/srv\"]\nexclude = [\"*.tmp\", \"[abc\"]\n");
  EXPECT_TRUE(message.starts_with("i.toml:9:11: [[job]] exclude: \"[abc\" has a [ without its ]"))
      << message;
  EXPECT_NE(message.find("\"[abc\" has a [ without its ]"), std::string::npos) << message;
  EXPECT_NE(message.find("allowed: *.tmp (names)"), std::string::npos) << message;
}

TEST(BackupConfig, RefusesWhatWouldBackUpNothingOrTwice) {
  const auto job = repository + "[[job]]\nname = \"tei\"\nrepository = \"far\"\n";
  EXPECT_NE(message_of(job).find("backs up nothing"), std::string::npos);
  EXPECT_NE(message_of(job + "paths = [\"srv\"]\n").find("not an absolute path"),
            std::string::npos);
  EXPECT_NE(message_of(job + "service = \"x\"\n").find("is not a [[service]]"), std::string::npos);
  EXPECT_NE(
      message_of(
          job +
          "paths = [\"/a\"]\n[[job]]\nname = \"tei\"\nrepository = \"far\"\npaths = [\"/b\"]\n")
          .find("another job's name"),
      std::string::npos);
  EXPECT_NE(
      message_of(repository + "[[job]]\nname = \"../x\"\nrepository = \"far\"\npaths = [\"/a\"]\n")
          .find("cannot be a job's name"),
      std::string::npos);
  EXPECT_NE(message_of(job + "pats = [\"/a\"]\n").find("is not a known key"), std::string::npos);
}

TEST(BackupConfig, WantsATokenBeyondLoopback) {
  EXPECT_NE(message_of("listen = \"10.0.0.11:9711\"\n").find("needs token_file"),
            std::string::npos);
  EXPECT_EQ(message_of("listen = \"10.0.0.11:9711\"\ntoken_file = \"token\"\n"),
            "nothing was thrown");
}

} // namespace
} // namespace intendance::backupd
