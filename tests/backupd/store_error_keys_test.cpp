// SPDX-License-Identifier: AGPL-3.0-or-later
// A repository is made, and who is trusted changes, while every request to the store fails once:
// what became of it is told or found out, nobody is trusted by half, and the same command again
// goes on with what was made.
#include "core/crypto.hpp"
#include "tests/backupd/store_error_fixture.hpp"
#include "tests/backupd/tree.hpp"

#include <nlohmann/json.hpp>

namespace intendance::backupd {
namespace {

namespace fs = std::filesystem;
using core::ExitStatus;
using Json = nlohmann::json;

class StoreErrorsOfKeys : public StoreErrors {
protected:
  TrustDocument trust_of(const Place& place) { return open(place).trust(); }
  // Done, or said to be done before.
  static void expect_in_force(const Answer& answer) {
    EXPECT_TRUE(answer.status == ExitStatus::done ||
                answer.err.find("nothing is to be done") != std::string::npos)
        << answer.err;
  }
};

TEST_F(StoreErrorsOfKeys, WhileARepositoryIsMade) {
  write("file", 1'000);
  at_every_request(
      {"repository", "init", "--machine", "web-1"},
      {.after =
           [&](const Place& place, const Answer& answer) {
             if (answer.status == ExitStatus::done) return;
             // Before the keys are made, there is nothing to go on with.
             const bool half = fs::exists(place.keys() / "writer.key");
             EXPECT_EQ(answer.err.find("the same command again") != std::string::npos, half)
                 << answer.err;
           },
       .again =
           [&](const Place& place, const Answer& answer) {
             ASSERT_EQ(answer.status, ExitStatus::done) << answer.err;
             EXPECT_EQ(trust_of(place).version, 1u);
             const Arguments backup{"backup", "--paths", tree_.string()};
             EXPECT_EQ(run(place, backup).status, ExitStatus::done);
             EXPECT_EQ(restored_tree(open(place), "latest", tree_), describe_tree(tree_));
           },
       .at_least = 1});
}

TEST_F(StoreErrorsOfKeys, InitLeavesAnotherRepositoryAlone) {
  make_repository();
  const Arguments init{"repository", "init", "--machine", "web-1"};
  const auto again = run(whole_, init);
  EXPECT_EQ(again.status, ExitStatus::done);
  EXPECT_NE(again.err.find("was made before"), std::string::npos) << again.err;
  EXPECT_EQ(names_of(whole_), all());
  EXPECT_EQ(run(whole_, {"repository", "init", "--machine", "other"}).status, ExitStatus::failed);
  const auto keys = whole_.keys();
  fs::rename(keys, folder_.path() / "aside");
  EXPECT_EQ(run(whole_, init).status, ExitStatus::failed);
  EXPECT_FALSE(fs::exists(keys)) << "keys that fit nothing";
}

TEST_F(StoreErrorsOfKeys, WhileSomebodyIsAdded) {
  make_repository();
  const auto reader = AgeIdentity::generate().recipient().text();
  const auto writer = WriterKey::generate().public_half().text();
  for (const auto& command : {Arguments{"key", "add-reader", reader, "--name", "co-op"},
                              Arguments{"key", "add-maintainer", reader, "--name", "hub"},
                              Arguments{"key", "add-writer", writer, "--name", "web-2"}}) {
    at_every_request(command, {.after =
                                   [&](const Place& place, const Answer&) {
                                     EXPECT_LE(trust_of(place).version, 2u);
                                     expect_restores(place, {newest_});
                                   },
                               .again =
                                   [&](const Place& place, const Answer& answer) {
                                     expect_in_force(answer);
                                     const auto trust = trust_of(place);
                                     EXPECT_EQ(trust.version, 2u);
                                     EXPECT_EQ(trust.readers.size() + trust.maintainers.size() +
                                                   trust.writers.size(),
                                               4u);
                                     EXPECT_EQ(names_of(place), all());
                                   },
                               .at_least = 4});
  }
}

TEST_F(StoreErrorsOfKeys, WhileAReaderIsRevoked) {
  make_repository();
  const auto reader = AgeIdentity::generate().recipient().text();
  ASSERT_EQ(run(whole_, {"key", "add-reader", reader, "--name", "co-op"}).status, ExitStatus::done);
  at_every_request(
      {"key", "revoke", "co-op"},
      {.after = [&](const Place& place, const Answer&) { expect_restores(place, {newest_}); },
       .again =
           [&](const Place& place, const Answer& answer) {
             EXPECT_TRUE(answer.status == ExitStatus::done ||
                         answer.err.find("nobody here is") != std::string::npos)
                 << answer.err;
             EXPECT_EQ(trust_of(place).readers.size(), 1u);
             EXPECT_EQ(trust_of(place).version, 3u);
             EXPECT_EQ(names_of(place), all());
           },
       .at_least = 5});
}

// Its snapshots are named in the trust object: one that could not be read at that moment must not
// be lost by that.
TEST_F(StoreErrorsOfKeys, WhileAWriterIsRevoked) {
  make_repository();
  at_every_request({"key", "revoke", "web-1"},
                   {.after =
                        [&](const Place& place, const Answer&) {
                          EXPECT_EQ(names_of(place), all());
                          expect_restores(place, {newest_});
                        },
                    .again =
                        [&](const Place& place, const Answer& answer) {
                          EXPECT_TRUE(answer.status == ExitStatus::done ||
                                      answer.err.find("nobody here is") != std::string::npos)
                              << answer.err;
                          EXPECT_TRUE(trust_of(place).writers.empty());
                          EXPECT_EQ(names_of(place), all());
                        },
                    .at_least = 10});
}

TEST_F(StoreErrorsOfKeys, WhileARecoverySheetIsWritten) {
  make_repository();
  const auto sheet = (folder_.path() / "sheet.txt").string();
  at_every_request({"key", "recovery-sheet", "--output", sheet},
                   {.again =
                        [&](const Place&, const Answer& answer) {
                          EXPECT_EQ(answer.status, ExitStatus::done) << answer.err;
                          EXPECT_TRUE(fs::remove(sheet));
                        },
                    .at_least = 1});
}

} // namespace
} // namespace intendance::backupd
