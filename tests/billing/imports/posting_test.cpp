// SPDX-License-Identifier: AGPL-3.0-or-later
// Imports down to a real ledger: at once, interrupted, late, and large.
#include "billing/imports/posting.hpp"
#include "billing/ledger/uuid.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <iostream>
#include <thread>

namespace intendance::billing {
namespace {

class Posting : public LedgerTest {
protected:
  TimesheetRow row(const std::string& id, const std::string& day, std::int64_t minutes) const {
    TimesheetRow row;
    row.id = id;
    row.entry = work(day, minutes);
    row.entry.id.clear();
    return row;
  }
  std::vector<TimesheetRow> october() const {
    return {row("1", "2024-10-01", 60), row("2", "2024-10-02", 90), row("3", "2024-10-31", 15)};
  }
  ImportResult import(core::Postgres& database, const std::vector<TimesheetRow>& rows) const {
    return import_timesheet(database, "redmine", rows,
                            {core::parse_date("2024-10-01"), core::parse_date("2024-10-31")},
                            {"changed", "gone"});
  }
  ImportResult import(const std::vector<TimesheetRow>& rows) { return import(database_, rows); }
  // Minutes that stand, work and what was taken back together.
  std::int64_t minutes() {
    return database_.query("SELECT coalesce(sum(minutes), 0)::bigint AS n FROM ledger.entry")
        .only()
        .integer("n");
  }
};

TEST_F(Posting, BringsTheLedgerToWhatTheSourceSays) {
  EXPECT_EQ(import(october()).plan.added.size(), 3U);
  EXPECT_EQ(minutes(), 165);
  const auto head = ledger_head(database_).hash;
  EXPECT_TRUE(import(october()).plan.empty());
  EXPECT_EQ(ledger_head(database_).hash, head); // nothing at all was recorded

  auto rows = october();
  rows[0].entry.work = Minutes(45);
  rows.erase(rows.begin() + 1);
  const auto result = import(rows);
  EXPECT_THAT(result.reversed, testing::ElementsAre(1, 2));
  EXPECT_EQ(minutes(), 45 + 15);
  EXPECT_EQ(count("ledger.entry WHERE description = 'changed' AND minutes = -60"), 1);
  EXPECT_EQ(count("ledger.entry WHERE description = 'gone' AND minutes = -90"), 1);
  EXPECT_TRUE(import(rows).plan.empty());
  EXPECT_TRUE(import(october()).plan.vanished.empty()); // and back
  EXPECT_EQ(minutes(), 165);
  EXPECT_TRUE(ledger_faults(database_).empty());
}

TEST_F(Posting, LeavesWhatSomebodyTookBack) {
  import(october());
  reverse_entry(database_, 1, "twice", new_uuid());
  EXPECT_EQ(import(october()).plan.taken_back.size(), 1U);
  EXPECT_EQ(minutes(), 105);
  auto rows = october();
  rows.erase(rows.begin());
  EXPECT_TRUE(import(rows).reversed.empty()); // it is taken back already
  EXPECT_EQ(minutes(), 105);
}

TEST_F(Posting, CountsLateWorkInTheOpenMonth) {
  import(october());
  close_month("2024-10");
  auto rows = october();
  rows[0].entry.work = Minutes(45);
  rows.push_back(row("4", "2024-10-05", 30));
  EXPECT_EQ(import(rows).late, 2U);
  EXPECT_EQ(count("ledger.entry WHERE posted_on = '2024-11-01' AND worked_on < '2024-11-01'"),
            3); // a reversal, two entries
}

TEST_F(Posting, RecordsAllOrNothing) {
  auto rows = october();
  rows.push_back(row("4", "2023-03-31", 30)); // before any rate
  EXPECT_THROW(import(rows), core::PostgresError);
  EXPECT_EQ(count("ledger.entry") + count("ledger.import_item") + count("ledger.import_source"), 0);
}

TEST_F(Posting, NeedsNoMoreThanTheRoleOfThoseWhoLogHours) {
  record("SET ROLE intendance_saisie");
  EXPECT_EQ(import(october()).plan.added.size(), 3U);
  auto rows = october();
  rows.erase(rows.begin());
  EXPECT_EQ(import(rows).plan.vanished.size(), 1U);
  record("SET ROLE intendance_lecture");
  EXPECT_THROW(import(october()), core::AccessDenied);
}

TEST_F(Posting, IsDoneOnceByTwoAtOnce) {
  std::atomic<std::size_t> added = 0;
  {
    std::vector<std::jthread> threads;
    for (int client = 0; client < 4; ++client) {
      threads.emplace_back([&] {
        try {
          core::Postgres own(address_);
          added += import(own, october()).plan.added.size();
        } catch (const core::Error& error) {
          ADD_FAILURE() << error.what();
        }
      });
    }
  }
  EXPECT_EQ(added, 3U);
  EXPECT_EQ(ledger_head(database_).entries, 3);
  EXPECT_TRUE(ledger_faults(database_).empty());
}

// In the midst of an import, between what it records and its commit.
TEST_F(Posting, LeavesNothingHalfDoneWhenTheServerGoesAway) {
  for (const bool whole_server : {false, true}) {
    core::Postgres own(address_);
    core::Transaction transaction(own);
    import(own, october());
    if (whole_server) {
      cluster().stop();
      cluster().start();
    } else {
      const auto process = own.query("SELECT pg_backend_pid() AS pid").only().integer("pid");
      database_.query("SELECT pg_terminate_backend($1)", process);
    }
    EXPECT_THROW(transaction.commit(), core::TransientError);
  }
  core::Postgres again(address_);
  EXPECT_EQ(ledger_head(again).entries, 0);
  EXPECT_EQ(import(again, october()).plan.added.size(), 3U);
  EXPECT_TRUE(import(again, october()).plan.empty());
}

class LargeImport : public Posting {
protected:
  static constexpr int all = 10'000;
  // As Redmine exports them (without ids) or as others do.
  std::vector<TimesheetRow> rows(bool with_ids) const {
    std::vector<TimesheetRow> rows;
    for (int number = 0; number < all; ++number) {
      const auto day = fmt::format("2024-10-{:02}", number % 31 + 1);
      rows.push_back(row(with_ids ? std::to_string(number) : "", day, 5 + number % 50));
      rows.back().identity = fmt::format("day\n{}\n{}", day, number % 7);
      rows.back().entry.description = fmt::format("#{}", number / 100);
    }
    return rows;
  }
};

TEST_F(LargeImport, CorrectsExactlyWhatChanged) {
  for (const bool with_ids : {true, false}) {
    const auto before = ledger_head(database_).entries;
    const auto source = with_ids ? "redmine" : "cahier";
    const Period scope{core::parse_date("2024-10-01"), core::parse_date("2024-10-31")};
    auto work = rows(with_ids);
    const auto first = std::chrono::steady_clock::now();
    import_timesheet(database_, source, work, scope, {"changed", "gone"});
    const auto second = std::chrono::steady_clock::now();
    for (int number = 0; number < all; number += 100)
      work[static_cast<std::size_t>(number)].entry.work += Minutes(100);
    const auto result = import_timesheet(database_, source, work, scope, {"changed", "gone"});
    const std::chrono::duration<double> importing = second - first;
    const std::chrono::duration<double> correcting = std::chrono::steady_clock::now() - second;
    std::cout << fmt::format("{} ids: {} entries in {:.2f} s, again with 1 % changed in {:.2f} s\n",
                             with_ids ? "with" : "without", all, importing.count(),
                             correcting.count());
    EXPECT_EQ(result.plan.changed.size(), 100U);
    EXPECT_EQ(result.plan.unchanged, static_cast<std::size_t>(all) - 100);
    EXPECT_TRUE(result.plan.added.empty() && result.plan.vanished.empty());
    EXPECT_EQ(ledger_head(database_).entries, before + all + 200);
    EXPECT_LT(correcting.count(), 10.0);
  }
}

} // namespace
} // namespace intendance::billing
