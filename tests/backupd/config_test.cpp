// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/config.hpp"
#include "core/error.hpp"
#include "core/file.hpp"

#include <gtest/gtest.h>

#include <set>

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
  EXPECT_EQ(config.priority, Priority());
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

TEST(BackupConfig, AJobsLimitsReplaceThoseOfItsRepository) {
  const auto config = read_config(core::ConfigDocument::parse(
      "[backupd]\n" + repository +
          "limit_upload = \"5MB/s\"\nlimit_download = \"500KiB/s\"\n"
          "[[job]]\nname = \"tei\"\nrepository = \"far\"\npaths = [\"/srv\"]\n"
          "[[job]]\nname = \"omeka\"\nrepository = \"far\"\npaths = [\"/var\"]\n"
          "limit_upload = \"none\"\n",
      "i.toml"));
  EXPECT_EQ(config.jobs[0].repository.limits.put, 5'000'000u);
  EXPECT_EQ(config.jobs[0].repository.limits.get, 512'000u);
  EXPECT_FALSE(config.jobs[1].repository.limits.put);
  EXPECT_EQ(config.jobs[1].repository.limits.get, 512'000u);
  EXPECT_TRUE(message_of(repository + "limit_upload = \"fast\"\n")
                  .starts_with("i.toml:5:16: [repository.far] limit_upload = \"fast\": \"fast\" is "
                               "not a bandwidth\n  allowed: "));
}

TEST(BackupConfig, SaysHowMuchRunsGiveWay) {
  const auto config = read_config(
      core::ConfigDocument::parse("[backupd]\nnice = 19\nio_class = \"idle\"\n", "i.toml"));
  EXPECT_EQ(config.priority, (Priority{19, IoClass::idle}));
  EXPECT_TRUE(message_of("nice = -5\n").starts_with("i.toml:2:8: [backupd] nice"));
  EXPECT_TRUE(message_of("io_class = \"fast\"\n").starts_with("i.toml:2:12: [backupd] io_class"));
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

const std::string nearline = "[archive.nearline]\nurl = \"sftp://robot/nearline\"\n";

TEST(CareConfig, ReadsWhatTheHubDoes) {
  const auto care = read_care(core::ConfigDocument::parse(
      repository + nearline +
          "[[care]]\nrepository = \"far\"\nkeep = { daily = 7, weekly = 5, monthly = 12, yearly = "
          "7 }\nverify = \"weekly\"\ndrill = \"weekly\"\narchive = { to = \"nearline\", every = "
          "\"monthly\", part = \"10GB\" }\n",
      "i.toml"));
  ASSERT_EQ(care.size(), 1u);
  EXPECT_EQ(care[0].repository.url, "file:///srv/far");
  EXPECT_EQ(*care[0].keep, (KeepPolicy{0, 0, 7, 5, 12, 7}));
  EXPECT_EQ(care[0].verify->text().substr(0, 11), "weekly sun ");
  EXPECT_EQ(care[0].prune.text().substr(0, 6), "daily ");
  EXPECT_EQ(care[0].not_yet, std::vector<std::string>{"drill"});
  ASSERT_TRUE(care[0].archive);
  EXPECT_EQ(care[0].archive->name, "nearline");
  EXPECT_EQ(care[0].archive->url, "sftp://robot/nearline");
  EXPECT_TRUE(care[0].archive->every.text().starts_with("monthly 1 "));
  EXPECT_EQ(care[0].archive->part, 10'000'000'000u);
  EXPECT_FALSE(care[0].archive->keep);
}

TEST(CareConfig, GivesEachRepositoryAMinuteOfItsOwnInTheSmallHours) {
  std::set<std::string> times;
  for (int number = 0; number < 20; ++number) {
    const auto name = "machine-" + std::to_string(number);
    const auto care = read_care(core::ConfigDocument::parse(
        "[repository." + name + "]\nurl = \"file:///srv/far\"\nkeys = \"/etc/keys\"\n[[care]]\n" +
            "repository = \"" + name + "\"\nkeep = { last = 1 }\n",
        "i.toml"));
    const auto text = care[0].prune.text();
    EXPECT_GE(text, "daily 03:00");
    EXPECT_LE(text, "daily 05:59");
    times.insert(text);
  }
  EXPECT_GT(times.size(), 15u);
}

TEST(CareConfig, TakesSchedulesAndAGrace) {
  const auto care = read_care(core::ConfigDocument::parse(
      repository + "[[care]]\nrepository = \"far\"\nkeep = { all = true }\nprune = \"weekly sat "
                   "01:30\"\ngrace = \"3d\"\n",
      "i.toml"));
  EXPECT_FALSE(care[0].keep);
  EXPECT_FALSE(care[0].verify);
  EXPECT_EQ(care[0].prune.text(), "weekly sat 01:30");
  EXPECT_EQ(care[0].grace, std::chrono::days(3));
}

TEST(CareConfig, LooksForTheKeysWhenItIsChecked) {
  const core::TemporaryDirectory folder;
  const auto message = [&] {
    const auto text = "[repository.far]\nurl = \"file:///srv/far\"\nkeys = \"" +
                      folder.path().string() +
                      "\"\n[[care]]\nrepository = \"far\"\nkeep = { daily = 7 }\n";
    try {
      check_config(core::ConfigDocument::parse(text, "i.toml"));
    } catch (const core::ConfigError& error) {
      return std::string(error.what());
    }
    return std::string("nothing was thrown");
  };
  EXPECT_NE(message().find("i.toml:5:14: [[care]] repository"), std::string::npos) << message();
  EXPECT_NE(message().find("no maintenance.key"), std::string::npos) << message();
  core::write_file_atomically(folder.path() / "maintenance.key", "");
  EXPECT_NE(message().find("no owner.pub"), std::string::npos) << message();
  core::write_file_atomically(folder.path() / "owner.pub", "");
  EXPECT_EQ(message(), "nothing was thrown");
}

TEST(CareConfig, NamesThePlaceAndWhatIsAllowed) {
  const auto message = [](const std::string& text) {
    const std::string keep = text.starts_with("keep") ? "" : "keep = { daily = 7 }\n";
    return message_of(repository + nearline + "[[care]]\nrepository = \"far\"\n" + keep + text);
  };
  const auto has = [&](const std::string& text, const std::string& part) {
    EXPECT_NE(message(text).find(part), std::string::npos) << text << "\n" << message(text);
  };
  has("keep = { daily = 0 }\n", "i.toml:9:8: [[care]] keep");
  has("keep = { daily = 0 }\n", "would forget every snapshot");
  has("keep = { dayly = 7 }\n", "allowed: ");
  has("keep = { all = true, daily = 7 }\n", "says all and less than all");
  has("keep = \"all\"\n", "a table is wanted");
  has("prune = \"seldom\"\n", "is not a schedule");
  has("grace = \"a week\"\n", "is not a duration");
  has("keep = { daily = -1 }\n", "keep");
  has("verify = \"sometimes\"\n", "is not a schedule");
  has("drill = \"often\"\n", "[[care]] drill = \"often\"");
  has("archive = { to = \"farline\" }\n", "is not an [archive.NAME]");
  has("archive = { to = \"farline\" }\n", "allowed: nearline");
  has("archive = { to = \"nearline\", every = \"weekly\", part = \"ten\" }\n", "is not a size");
  has("archive = { to = \"nearline\", evry = \"daily\" }\n", "says not how often");
  has("archive = { to = \"nearline\", every = \"daily\", kept = 2 }\n", "is not a known key");
  has("archive = { to = \"nearline\", every = \"daily\", keep = 0 }\n", "keep");
  has("[[care]]\nrepository = \"far\"\nkeep = { last = 1 }\n", "has a [[care]] already");
  EXPECT_NE(message_of(repository + "[[care]]\nrepository = \"fra\"\n").find("allowed: far"),
            std::string::npos);
  EXPECT_NE(message_of(repository + "[[care]]\nrepository = \"far\"\n").find("has no keep = …"),
            std::string::npos);
  EXPECT_NE(
      message_of("[repository.\"a/b\"]\nurl = \"file:///x\"\nkeys = \"y\"\n[[care]]\nrepository = "
                 "\"a/b\"\nkeep = { last = 1 }\n")
          .find("cannot be a repository's name"),
      std::string::npos);
  for (const std::string url : {"x", "s3://host", "file://relative", "ftp://host/x"}) {
    for (const std::string table : {"[repository.x]", "[archive.x]"}) {
      const auto said = message_of(table + "\nurl = \"" + url + "\"\nkeys = \"y\"\n");
      EXPECT_NE(said.find("i.toml:"), std::string::npos) << said;
      EXPECT_NE(said.find("\"" + url + "\" is not a"), std::string::npos) << said;
    }
  }
  EXPECT_NE(message_of("[archive.x]\nurll = \"y\"\n").find("[archive.x]"), std::string::npos);
}

} // namespace
} // namespace intendance::backupd
