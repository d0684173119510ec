// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/postgres.hpp"
#include "tests/support/postgres_cluster.hpp"

#include <gtest/gtest.h>

namespace intendance::core {
namespace {

// One server for the whole program; each test has a database of its own.
class PostgresTest : public ::testing::Test {
protected:
  static void SetUpTestSuite() { cluster_ = std::make_unique<test::PostgresCluster>(); }
  static void TearDownTestSuite() { cluster_.reset(); }
  static std::string new_address() { return cluster_->address(cluster_->create_database()); }

  static std::unique_ptr<test::PostgresCluster> cluster_;
};
std::unique_ptr<test::PostgresCluster> PostgresTest::cluster_;

template <class Thrown, class Work>
std::string message_of(Work&& work) {
  try {
    work();
  } catch (const Thrown& error) {
    return error.what();
  }
  return "nothing was thrown";
}

TEST_F(PostgresTest, GivesBackWhatItWasGiven) {
  Postgres database(new_address());
  const std::string odd = "l'été, \"50 %\"\t\\ $1 é";
  const auto result = database.query(
      "SELECT $1::text AS text, $2::bigint AS large, $3::boolean AS yes, $4::text AS absent", odd,
      INT64_MIN, true, std::nullopt);
  const auto& row = result.only();
  EXPECT_EQ(row.text("text"), odd);
  EXPECT_EQ(row.integer("large"), INT64_MIN);
  EXPECT_TRUE(row.boolean("yes"));
  EXPECT_EQ(row.optional_text("absent"), std::nullopt);
  EXPECT_EQ(row.optional_integer("absent"), std::nullopt);
  EXPECT_EQ(row.view(0), odd);
  EXPECT_EQ(row.view(3), "");
}

TEST_F(PostgresTest, ShowsDatesAndTimesAlikeWhateverTheServerPrefers) {
  const auto address = new_address();
  Postgres(address).execute_script("ALTER ROLE postgres SET datestyle = 'German, DMY';"
                                   "ALTER ROLE postgres SET timezone = 'America/Toronto'");
  Postgres database(address);
  const auto result = database.query(
      "SELECT date '2026-11-23' AS day, timestamptz '2026-11-23T12:00:00Z' AS moment");
  EXPECT_EQ(result.only().text("day"), "2026-11-23");
  EXPECT_EQ(result.only().text("moment"), "2026-11-23 12:00:00+00");
}

TEST_F(PostgresTest, RefusesAnswersThatAreNotWhatWasAskedFor) {
  Postgres database(new_address());
  const auto result = database.query("SELECT 'three' AS word, NULL AS absent, 1.5 AS part");
  const auto& row = result.only();
  EXPECT_THROW(row.integer("word"), CorruptData);
  EXPECT_THROW(row.integer("part"), CorruptData);
  EXPECT_THROW(row.boolean("word"), CorruptData);
  EXPECT_THROW(row.text("absent"), CorruptData);
  EXPECT_THROW(row.text("elsewhere"), CorruptData);
  EXPECT_THROW(row.view(3), CorruptData);
  EXPECT_THROW(row.view(-1), CorruptData);
  EXPECT_THROW(database.query("SELECT 1 WHERE false").only(), CorruptData);
}

TEST_F(PostgresTest, TellsRefusalsApart) {
  Postgres database(new_address());
  database.execute_script("CREATE TABLE pair (left_one int PRIMARY KEY, right_one int "
                          "CONSTRAINT positive CHECK (right_one > 0))");
  database.query("INSERT INTO pair VALUES (1, 1)");
  try {
    database.query("INSERT INTO pair VALUES (2, 0)");
    FAIL();
  } catch (const PostgresError& error) {
    EXPECT_EQ(error.sqlstate(), "23514");
    EXPECT_EQ(error.constraint(), "positive");
  }
  const auto raised = message_of<PostgresError>(
      [&] { database.execute_script("DO $$ BEGIN RAISE EXCEPTION 'only these words'; END $$"); });
  EXPECT_EQ(raised, "only these words");
  database.execute_script("CREATE ROLE stranger LOGIN");
  database.query("SET ROLE stranger");
  EXPECT_THROW(database.query("SELECT * FROM pair"), AccessDenied);
  EXPECT_THROW(database.query("SELECT 'a' || chr(1)", std::string("a\0b", 3)), Error);
}

TEST_F(PostgresTest, NeverShowsAPassword) {
  const auto message = message_of<ConfigError>(
      [] { Postgres("postgresql://somebody:hunter2@localhost/intendance"); });
  EXPECT_NE(message.find("passfile="), std::string::npos) << message;
  EXPECT_EQ(message.find("hunter2"), std::string::npos) << message;
  const auto broken = message_of<ConfigError>(
      [] { Postgres("postgresql://somebody:hunter2@localhost:%zz/intendance"); });
  EXPECT_EQ(broken.find("hunter2"), std::string::npos) << broken;
}

TEST_F(PostgresTest, SaysWhichDatabaseCannotBeReached) {
  const auto message =
      message_of<TransientError>([] { Postgres("postgresql:///intendance?host=/nonexistent"); });
  EXPECT_NE(message.find("the database intendance at /nonexistent could not be reached"),
            std::string::npos)
      << message;
  EXPECT_EQ(message.find('\n'), std::string::npos) << message;
}

TEST_F(PostgresTest, TellsAServerThatIsAwayFromOneThatDoesNotLetUsIn) {
  const auto message =
      message_of<TransientError>([] { Postgres(cluster_->address("nowhere", "nobody")); });
  EXPECT_NE(message.find("role \"nobody\" does not exist"), std::string::npos) << message;
  EXPECT_EQ(message.find("start PostgreSQL"), std::string::npos) << message;
}

TEST_F(PostgresTest, KeepsOnlyWhatWasCommitted) {
  Postgres database(new_address());
  database.execute_script("CREATE TABLE word (text text)");
  const auto words = [&] {
    return database.query("SELECT coalesce(string_agg(text, ' '), '') AS all FROM word")
        .only()
        .text("all");
  };
  {
    Transaction left(database);
    database.query("INSERT INTO word VALUES ('lost')");
  }
  EXPECT_EQ(words(), "");
  {
    Transaction outer(database);
    database.query("INSERT INTO word VALUES ('outer')");
    {
      Transaction inner(database);
      database.query("INSERT INTO word VALUES ('undone')");
    }
    {
      Transaction inner(database);
      database.query("INSERT INTO word VALUES ('inner')");
      inner.commit();
    }
    outer.commit();
  }
  EXPECT_EQ(words(), "outer inner");
}

TEST_F(PostgresTest, DoesNotTakeAFailedTransactionForACommittedOne) {
  Postgres database(new_address());
  Transaction transaction(database);
  EXPECT_THROW(database.query("SELECT nonsense"), PostgresError);
  EXPECT_THROW(transaction.commit(), PostgresError);
}

TEST_F(PostgresTest, NoticesThatTheServerWentAway) {
  const auto address = new_address();
  Postgres database(address);
  Transaction transaction(database); // whose destructor finds no server
  cluster_->stop();
  EXPECT_THROW(database.query("SELECT 1"), TransientError);
  EXPECT_FALSE(database.connected());
  EXPECT_THROW(database.query("SELECT 1"), TransientError);
  cluster_->start();
  EXPECT_EQ(Postgres(address).query("SELECT 1 AS one").only().integer("one"), 1);
}

} // namespace
} // namespace intendance::core
