// SPDX-License-Identifier: AGPL-3.0-or-later
// The commands that decide who is trusted, as people type them, against a repository in a folder.
#include "backupd/commands.hpp"
#include "backupd/repository/repository.hpp"
#include "core/command.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <sstream>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::ExitStatus;
using Json = nlohmann::json;

class KeyCommands : public ::testing::Test {
protected:
  struct Answer {
    ExitStatus status = ExitStatus::done;
    std::string out, err;
    Json json() const { return Json::parse(out); }
  };

  KeyCommands() {
    register_commands(line_);
    fs::create_directories(tree_);
    core::write_file_atomically(tree_ / "small", "hello");
    core::write_file_atomically(tree_ / "large",
                                std::string(core::as_text(core::random_bytes(300'000))));
  }

  // With the keys of that folder, and a state folder of the same holder.
  Answer as(const std::string& holder, std::vector<std::string> arguments) {
    for (const auto* each : {"--repository", "--keys", "--state"}) arguments.emplace_back(each);
    arguments[arguments.size() - 3] = "--repository=file://" + (folder_.path() / "store").string();
    arguments[arguments.size() - 2] = "--keys=" + (folder_.path() / holder).string();
    arguments[arguments.size() - 1] = "--state=" + (folder_.path() / (holder + "-state")).string();
    std::ostringstream out, err;
    const auto status = line_.run(arguments, out, err);
    return {status, out.str(), err.str()};
  }
  Answer expect(ExitStatus status, const std::string& holder, std::vector<std::string> arguments) {
    std::string what;
    for (const auto& each : arguments) what += each + " ";
    auto answer = as(holder, std::move(arguments));
    EXPECT_EQ(answer.status, status) << what << "\n" << answer.out << answer.err;
    return answer;
  }
  Answer done(const std::string& holder, std::vector<std::string> arguments) {
    return expect(ExitStatus::done, holder, std::move(arguments));
  }
  void init() { done("owner", {"repository", "init", "--machine", "web-1"}); }

  // A folder with a key made now and the owner's public one; returns the key's public half.
  std::string new_holder(const std::string& holder, const std::string& kind) {
    fs::create_directories(folder_.path() / holder);
    fs::copy_file(folder_.path() / "owner/owner.pub", folder_.path() / holder / "owner.pub");
    std::ostringstream out, err;
    const auto file = (folder_.path() / holder / (kind + ".key")).string();
    EXPECT_EQ(line_.run({"key", "generate", kind, "--output", file}, out, err), ExitStatus::done);
    auto text = out.str();
    text.pop_back();
    return text;
  }
  std::string back_up(const std::string& holder) {
    return done(holder, {"backup", "--paths", tree_.string(), "--json"}).json().at("snapshot");
  }
  void expect_restored(const std::string& holder, const std::string& snapshot) {
    const auto target = folder_.path() / ("out-" + holder + snapshot.substr(0, 8));
    const auto answer = as(holder, {"restore", snapshot, "--target", target.string()});
    EXPECT_TRUE(answer.status == ExitStatus::done || answer.status == ExitStatus::warnings)
        << answer.err;
    EXPECT_EQ(core::read_file(target / tree_.relative_path() / "large"),
              core::read_file(tree_ / "large"));
  }
  Json info(const std::string& holder) {
    return done(holder, {"repository", "info", "--json"}).json();
  }
  std::vector<std::string> packs() {
    std::vector<std::string> names;
    for (const auto& each : fs::recursive_directory_iterator(folder_.path() / "store/packs"))
      if (each.is_regular_file()) names.push_back(each.path().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  core::TemporaryDirectory folder_;
  fs::path tree_ = folder_.path() / "tree";
  core::CommandLine line_;
};

TEST_F(KeyCommands, InitWarnsOfASingleReader) {
  const auto answer = done("owner", {"repository", "init", "--machine", "web-1"});
  EXPECT_NE(answer.err.find("two or more"), std::string::npos) << answer.err;
}

TEST_F(KeyCommands, InitTakesRecipientsAndAWriterMadeElsewhere) {
  const auto lab = AgeIdentity::generate(), coop = AgeIdentity::generate();
  const auto writer = WriterKey::generate();
  const auto answer =
      done("owner", {"repository", "init", "--machine", "web-1", "--recipient",
                     lab.recipient().text() + "=lab", "--recipient", coop.recipient().text(),
                     "--no-reader-key", "--writer", writer.public_half().text()});
  EXPECT_EQ(answer.err, "");
  for (const auto* name : {"reader.key", "writer.key"})
    EXPECT_FALSE(fs::exists(folder_.path() / "owner" / name)) << name;
  const auto found = info("owner"); // the maintenance key is enough for that
  EXPECT_EQ(found.at("readers")[0].at("name"), "lab");
  EXPECT_EQ(found.at("readers")[1].at("name"), "reader-2");
  EXPECT_EQ(found.at("writers")[0].at("public"), writer.public_half().text());
}

TEST_F(KeyCommands, InitRefusesBadRecipientsBeforeItMakesAnything) {
  const auto good = AgeIdentity::generate().recipient().text();
  for (const auto& bad : {std::string("age1nonsense"), good + "=", good + "=age1"}) {
    expect(ExitStatus::usage, "owner",
           {"repository", "init", "--machine", "w", "--recipient", bad});
  }
  expect(ExitStatus::usage, "owner", {"repository", "init", "--machine", "w", "--no-reader-key"});
  EXPECT_FALSE(fs::exists(folder_.path() / "owner"));
}

TEST_F(KeyCommands, ANewReaderReadsWhatWasStoredBeforeAndNoPackChanges) {
  init();
  const auto snapshot = back_up("owner");
  const auto before = packs();
  const auto key = new_holder("coop", "reader");
  expect(ExitStatus::failed, "coop", {"snapshots", "--json"});
  done("owner", {"key", "add-reader", key, "--name", "co-op"});
  EXPECT_EQ(packs(), before);
  expect_restored("coop", snapshot);
  EXPECT_EQ(info("coop").at("readers")[1].at("recipient"), key);
}

TEST_F(KeyCommands, ANewWriterNeverShowsItsPrivateHalf) {
  init();
  const auto first = back_up("owner");
  const auto key = new_holder("db", "writer");
  expect(ExitStatus::failed, "db", {"backup", "--paths", tree_.string()});
  done("owner", {"key", "add-writer", key, "--name", "db-1"});
  const auto second = back_up("db");
  expect_restored("owner", first);
  expect_restored("owner", second);
  const auto listed = done("owner", {"snapshots", "--json", "--machine", "db-1"}).json();
  ASSERT_EQ(listed.size(), 1u); // in the name that the owner gave, whatever the machine says
  done("db", {"repository", "info"});
  expect(ExitStatus::usage, "db", {"ls", "latest"}); // a writer reads nothing
}

TEST_F(KeyCommands, ANewMaintainerChecksAndReadsNothing) {
  init();
  back_up("owner");
  const auto key = new_holder("hub", "maintenance");
  done("owner", {"key", "add-maintainer", key, "--name", "hub"});
  done("hub", {"verify", "--read-data"});
  expect(ExitStatus::usage, "hub", {"restore", "latest", "--target", "/nowhere"});
}

TEST_F(KeyCommands, SayWhichKeysAreNeeded) {
  init();
  const auto key = new_holder("coop", "reader");
  fs::rename(folder_.path() / "owner/owner.key", folder_.path() / "safe");
  auto answer = expect(ExitStatus::usage, "owner", {"key", "add-reader", key, "--name", "co-op"});
  EXPECT_NE(answer.err.find("owner.key"), std::string::npos) << answer.err;
  fs::rename(folder_.path() / "safe", folder_.path() / "owner/owner.key");
  fs::remove(folder_.path() / "owner/reader.key");
  answer = expect(ExitStatus::usage, "owner", {"key", "revoke", "web-1"});
  EXPECT_NE(answer.err.find("reader.key"), std::string::npos) << answer.err;
  for (const auto* name : {"add-reader", "add-maintainer", "add-writer", "revoke"}) {
    answer = done("owner", {"key", name, "--help"});
    EXPECT_NE(answer.out.find("owner.key and reader.key"), std::string::npos) << answer.out;
  }
}

TEST_F(KeyCommands, ARevokedReaderReadsTheOldAndNotTheNew) {
  init();
  const auto key = new_holder("coop", "reader");
  done("owner", {"key", "add-reader", key, "--name", "co-op"});
  back_up("owner");
  // What he keeps: his key, and the trust object of before.
  const auto theirs = core::read_file(folder_.path() / "store/trust/00000002");
  const auto answer = done("owner", {"key", "revoke", key, "--json"}).json();
  EXPECT_EQ(answer.at("trust_version"), 3);
  EXPECT_EQ(answer.at("fresh"), false);
  core::write_file_atomically(tree_ / "new", "written since");
  const auto before = packs();
  const auto snapshot = back_up("owner");
  expect_restored("owner", snapshot);
  EXPECT_NE(packs(), before);
  const auto refused = expect(ExitStatus::failed, "coop", {"ls", snapshot});
  EXPECT_NE(refused.err.find("revoked"), std::string::npos) << refused.err;

  const auto owner = KeyFolder(folder_.path() / "owner").owner_public();
  const auto reader = *KeyFolder(folder_.path() / "coop").reader();
  const auto kept = open_reader_secrets(decode_trust(core::as_bytes(theirs), owner), reader);
  EXPECT_EQ(kept.epochs.size(), 1u);
  EXPECT_EQ(info("owner").at("epochs").size(), 2u);
  EXPECT_EQ(info("owner").at("revoked_readers")[0].at("last_epoch"), 1);
}

// Deduplication across epochs: kept unless it is ended.
TEST_F(KeyCommands, RevokingAReaderKeepsDeduplicationUnlessFresh) {
  init();
  for (const auto* name : {"one", "two"})
    done("owner", {"key", "add-reader", new_holder(name, "reader"), "--name", name});
  done("owner", {"backup", "--paths", tree_.string()});
  const auto stored = [&] {
    core::write_file_atomically(tree_ / "small", "hello again");
    fs::remove_all(folder_.path() / "owner-state/manifests"); // as a machine that was set up anew
    const auto answer = done("owner", {"backup", "--paths", tree_.string(), "--json"});
    return answer.json().at("new_bytes").get<std::uint64_t>();
  };
  done("owner", {"key", "revoke", "one"});
  EXPECT_LT(stored(), 100'000u);
  done("owner", {"key", "revoke", "two", "--fresh"});
  EXPECT_GT(stored(), 300'000u);
  done("owner", {"verify", "--read-data"});
}

TEST_F(KeyCommands, ARevokedWriterSignsNothingMoreAndItsOldSnapshotsStay) {
  init();
  const auto first = back_up("owner");
  fs::copy(folder_.path() / "store", folder_.path() / "before", fs::copy_options::recursive);
  const auto answer = done("owner", {"key", "revoke", "web-1"});
  for (const auto* part : {"snapshots 1", "uploads everything once", "credentials"})
    EXPECT_NE(answer.out.find(part), std::string::npos) << part << "\n" << answer.out;
  const auto refused = expect(ExitStatus::failed, "owner", {"backup", "--paths", tree_.string()});
  EXPECT_NE(refused.err.find("revoked"), std::string::npos) << refused.err;
  expect_restored("owner", first);

  // The thief goes on with the store as it was, and brings what he made to the one of now.
  fs::rename(folder_.path() / "store", folder_.path() / "now");
  fs::rename(folder_.path() / "before", folder_.path() / "store");
  fs::remove_all(folder_.path() / "owner-state");
  const auto his = back_up("owner");
  fs::copy(folder_.path() / "store", folder_.path() / "now",
           fs::copy_options::recursive | fs::copy_options::skip_existing);
  fs::rename(folder_.path() / "store", folder_.path() / "before");
  fs::rename(folder_.path() / "now", folder_.path() / "store");
  auto listed = as("owner", {"snapshots", "--json"});
  EXPECT_EQ(listed.status, ExitStatus::warnings);
  ASSERT_EQ(listed.json().size(), 1u);
  EXPECT_NE(listed.err.find("snapshots/" + his), std::string::npos) << listed.err;
  expect(ExitStatus::failed, "owner", {"verify"});

  // A machine set up anew builds on nothing of before.
  done("owner", {"key", "add-writer", new_holder("web", "writer"), "--name", "web-1"});
  const auto run = as("web", {"backup", "--paths", tree_.string(), "--json"});
  EXPECT_GT(run.json().at("new_bytes"), 300'000u);
  expect_restored("owner", run.json().at("snapshot"));
  EXPECT_EQ(info("owner").at("deduplicate_from"), 2);
}

TEST_F(KeyCommands, OnlySnapshotsOfBeforeTheTheftCount) {
  init();
  const auto good = back_up("owner");
  const auto bad = back_up("owner");
  const auto old = fs::file_time_type::clock::now() - std::chrono::hours(48);
  fs::last_write_time(folder_.path() / "store/snapshots" / good, old); // by the store's clock
  const auto yesterday = core::system_clock().now() - std::chrono::hours(24);
  const auto answer =
      done("owner", {"key", "revoke", "web-1", "--json", "--before", core::format_utc(yesterday)});
  EXPECT_EQ(answer.json().at("snapshots"), 1);
  EXPECT_EQ(answer.json().at("refused_snapshots"), 1);
  const auto listed = as("owner", {"snapshots", "--json"});
  ASSERT_EQ(listed.json().size(), 1u);
  EXPECT_NE(listed.err.find(bad), std::string::npos);
  expect_restored("owner", good);
  expect(ExitStatus::usage, "owner", {"key", "revoke", "maintenance", "--before", "2026-11-23"});
  expect(ExitStatus::usage, "owner", {"key", "revoke", "maintenance", "--before", "yesterday"});
}

TEST_F(KeyCommands, EveryCommandReportsWhatAThiefWrote) {
  init();
  back_up("owner");
  core::write_file_atomically(folder_.path() / "store/trust/00000002", "intendance-trust-1\nx\n{}");
  const auto out = (folder_.path() / "out").string();
  const auto new_key = AgeIdentity::generate().recipient().text();
  const std::vector<std::vector<std::string>> commands = {
      {"backup", "--paths", tree_.string()},
      {"snapshots"},
      {"ls", "latest"},
      {"restore", "latest", "--target", out},
      {"verify"},
      {"repository", "info"},
      {"key", "recovery-sheet", "--output", "-"},
      {"key", "add-reader", new_key, "--name", "co-op"},
      {"key", "revoke", "maintenance"}};
  for (const auto& command : commands) {
    const auto answer = as("owner", command);
    EXPECT_EQ(answer.status, ExitStatus::warnings) << command[0] << " " << answer.err;
    EXPECT_NE((answer.out + answer.err).find("trust/00000002"), std::string::npos)
        << command[0] << answer.out << answer.err;
  }
  EXPECT_EQ(as("owner", {"repository", "info", "--json"}).json().at("trust_version"), 4);
}

TEST_F(KeyCommands, TellThatANewerTrustObjectWasTakenAway) {
  init();
  done("owner", {"key", "add-reader", new_holder("coop", "reader"), "--name", "co-op"});
  back_up("owner");
  fs::remove(folder_.path() / "store/trust/00000002");
  fs::remove_all(folder_.path() / "owner-state"); // nobody here remembers
  const auto listed = as("owner", {"snapshots"});
  EXPECT_EQ(listed.status, ExitStatus::warnings);
  EXPECT_NE(listed.err.find("trust/00000002: is gone"), std::string::npos) << listed.err;
}

TEST_F(KeyCommands, RecoverySheetsAreForTheOwnersEyesAndNeverOverwritten) {
  init();
  const auto file = folder_.path() / "sheet.txt";
  done("owner", {"key", "recovery-sheet", "--output", file.string()});
  EXPECT_EQ(fs::status(file).permissions(), fs::perms(0600));
  expect(ExitStatus::failed, "owner", {"key", "recovery-sheet", "--output", file.string()});
  const auto key = KeyFolder(folder_.path() / "owner").reader()->text();
  EXPECT_NE(core::read_file(file).find("\n" + key + "\n"), std::string::npos);
}

} // namespace
} // namespace intendance::backupd
