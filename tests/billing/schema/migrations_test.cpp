// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/session.hpp"
#include "billing/schema/migrations.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace intendance::billing {
namespace {

using testing::HasSubstr;

class Migrations : public ::testing::Test {
protected:
  std::string name_ = cluster().create_database();
  std::string address_ = cluster().address(name_);
  core::Postgres database_{address_};
  const std::vector<Migration> two_ = {{"0001_a", "CREATE TABLE ledger.a (n int)"},
                                       {"0002_b", "CREATE TABLE ledger.b (n int)"}};

  std::string refusal(const std::vector<Migration>& migrations) {
    try {
      migrate(database_, migrations);
    } catch (const core::Error& error) {
      return error.what();
    }
    return "accepted";
  }
};

TEST_F(Migrations, AreAppliedOnceInTheirOrder) {
  EXPECT_FALSE(migration_status(database_).at(0).applied_at);
  EXPECT_EQ(migrate(database_).size(), embedded_migrations().size());
  EXPECT_TRUE(migrate(database_).empty());
  for (const auto& migration : migration_status(database_)) EXPECT_TRUE(migration.applied_at);
}

TEST_F(Migrations, AreAppliedOnceByThoseWhoStartTogether) {
  std::atomic<std::size_t> applied = 0;
  {
    std::vector<std::jthread> threads;
    for (int count = 0; count < 4; ++count) {
      threads.emplace_back([&] {
        core::Postgres own(address_);
        applied += migrate(own).size();
      });
    }
  }
  EXPECT_EQ(applied, embedded_migrations().size());
}

TEST_F(Migrations, AreAddedToWhatIsThere) {
  migrate(database_, {two_[0]});
  EXPECT_EQ(migrate(database_, two_), std::vector<std::string>{"0002_b"});
}

TEST_F(Migrations, ThatWereEditedAfterwardsAreRefused) {
  migrate(database_, two_);
  EXPECT_THAT(refusal({{"0001_a", "CREATE TABLE ledger.a (n bigint)"}, two_[1]}),
              HasSubstr("0001_a of the database " + name_));
}

TEST_F(Migrations, OfANewerProgramAreRefused) {
  migrate(database_, two_);
  EXPECT_THAT(refusal({two_[0]}), HasSubstr("0002_b, which this program does not know"));
}

TEST_F(Migrations, SlippedInBehindANewerOneAreRefused) {
  migrate(database_, {two_[1]});
  EXPECT_THAT(refusal(two_), HasSubstr("next free number"));
}

TEST_F(Migrations, ThatFailLeaveNothingHalfDone) {
  EXPECT_THAT(refusal({two_[0], {"0002_b", "CREATE TABLE ledger.b (n int); SELECT nonsense"}}),
              HasSubstr("migration 0002_b"));
  EXPECT_EQ(database_.query("SELECT to_regclass('ledger.b') AS b").only().optional_text("b"),
            std::nullopt);
  EXPECT_EQ(migrate(database_, two_), std::vector<std::string>{"0002_b"});
}

TEST_F(Migrations, TellWhoeverMayNotApplyThem) {
  database_.execute_script("CREATE ROLE visitor LOGIN");
  const auto visitor = cluster().address(name_, "visitor");
  core::Postgres own(visitor);
  EXPECT_THROW(migrate(own), core::AccessDenied);
  migrate(database_);
  EXPECT_THROW(migrate(own), core::AccessDenied); // may not even look
  database_.execute_script("GRANT intendance_lecture TO visitor");
  EXPECT_TRUE(migrate(own).empty());
  database_.execute_script("DROP OWNED BY visitor; DROP ROLE visitor");
}

TEST_F(Migrations, AndWhatTheyKeepSurviveADumpAndARestore) {
  migrate(database_);
  database_.execute_script(
      "INSERT INTO ledger.fund (name, calendar) VALUES ('F', 'grant');"
      "INSERT INTO ledger.service (name) VALUES ('tei');"
      "INSERT INTO ledger.rate (vendor, valid, cents_per_hour) VALUES ('koumbit', '[2023-01-01,)', "
      "12000);"
      "INSERT INTO ledger.entry (entry_id, minutes, worked_on, fund, vendor, activity, service, "
      "person, description) SELECT gen_random_uuid(), n, '2024-01-05', 'F', 'koumbit', 'advice', "
      "'tei', 'p', 'd' FROM generate_series(1, 20) n;"
      "INSERT INTO ledger.period_close (month) VALUES ('2024-01-01');"
      "INSERT INTO ledger.document VALUES (sha256('q'), 'q.txt', 'text/plain', 1);"
      "INSERT INTO ledger.document_content VALUES (sha256('q'), 'q');"
      "INSERT INTO ledger.engagement (name, kind, fund, vendor, service, cents, accepted_by, "
      "accepted_on, description, document) VALUES ('E-1', 'contract', 'F', 'koumbit', 'tei', 5, "
      "'d', "
      "'2024-02-01', 'x', sha256('q'));"
      "UPDATE ledger.rate SET valid = '[2023-01-01,2030-01-01)'");
  const auto restored = cluster().address(cluster().create_database());
  const core::TemporaryDirectory folder;
  test::ChildProcess copy({"/bin/sh", "-c",
                           "pg_dump \"$0\" > \"$2/dump\" && "
                           "psql -q -v ON_ERROR_STOP=1 -f \"$2/dump\" \"$1\"",
                           address_, restored, folder.path()},
                          folder.path() / "log");
  ASSERT_EQ(copy.wait(), 0) << copy.output();
  core::Postgres other(restored);
  EXPECT_TRUE(migrate(other).empty());
  EXPECT_TRUE(ledger_faults(other).empty());
  EXPECT_EQ(ledger_head(other).entries, 20);
  EXPECT_EQ(ledger_head(other).hash, ledger_head(database_).hash);
  EXPECT_THROW(other.query("DELETE FROM ledger.entry"), core::PostgresError);
}

// A login that owns its database and may make no roles, as Debian's `createdb -O` leaves it.
TEST_F(Migrations, WorkForAnOwnerWhoMayMakeNoRoles) {
  database_.execute_script("CREATE ROLE plain LOGIN; ALTER DATABASE " + name_ + " OWNER TO plain");
  {
    const auto address = cluster().address(name_, "plain");
    core::Postgres own(address);
    migrate(own);
    auto session = open_ledger(address);
    EXPECT_EQ(session.query("SELECT current_user AS me").only().text("me"), "plain");
    EXPECT_THROW(session.query("DELETE FROM ledger.entry"), core::PostgresError);
  }
  database_.execute_script("REASSIGN OWNED BY plain TO postgres; DROP ROLE plain");
}

TEST_F(Migrations, ThatAreMissingStopDailyWorkWithAWordOnWhatToDo) {
  try {
    open_ledger(address_);
    FAIL();
  } catch (const core::Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("run intendance database migrate"));
  }
}

} // namespace
} // namespace intendance::billing
