// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/ledger/entries.hpp"
#include "billing/ledger/rates.hpp"
#include "billing/ledger/uuid.hpp"
#include "billing/ledger/work.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

#include <thread>

namespace intendance::billing {
namespace {

using core::format_date;
using testing::HasSubstr;

class Entries : public LedgerTest {};

TEST_F(Entries, AreNumberedPricedAndSigned) {
  const auto first = add("2024-11-20", 90);
  EXPECT_EQ(first.number, 1);
  EXPECT_EQ(first.amount, Cents(18000));
  EXPECT_EQ(first.per_hour, Cents(12000));
  EXPECT_EQ(format_date(first.posted_on), "2024-11-20");
  EXPECT_EQ(first.recorded_by, "postgres");
  EXPECT_EQ(add("2024-11-19", 30).number, 2);
  const auto head = ledger_head(database_);
  EXPECT_EQ(head.entries, 2);
  EXPECT_EQ(head.hash.size(), 64U);
  EXPECT_TRUE(chain_faults(database_).empty());
}

TEST_F(Entries, WithTheSameIdAreRecordedOnce) {
  const auto entry = work("2024-11-20", 90);
  EXPECT_FALSE(add_entry(database_, entry, test_day).was_there);
  const auto again = add_entry(database_, entry, test_day);
  EXPECT_TRUE(again.was_there);
  EXPECT_EQ(again.entry.number, 1);
  EXPECT_EQ(ledger_head(database_).entries, 1);
  // Even when the month was closed between the two.
  const auto early = work("2024-09-01", 10);
  add(early);
  close_month("2024-09");
  EXPECT_TRUE(add_entry(database_, early, test_day).was_there);
}

TEST_F(Entries, WithAnIdOfOtherWorkAreRefused) {
  auto entry = work("2024-11-20", 90);
  add(entry);
  entry.work = Minutes(60);
  EXPECT_THAT(refusal_message(entry), HasSubstr("is already that of entry 0001"));
}

TEST_F(Entries, TakeTheRateOfTheirDay) {
  Rate dearer;
  dearer.vendor = "koumbit";
  dearer.from = core::parse_date("2024-10-01");
  dearer.per_hour = Cents(13000);
  set_rate(database_, dearer);
  dearer.activity = "incident";
  dearer.per_hour = Cents(20000);
  set_rate(database_, dearer);
  EXPECT_EQ(add("2024-09-30", 60).amount, Cents(12000));
  EXPECT_EQ(add("2024-10-01", 60).amount, Cents(13000));
  auto incident = work("2024-10-01", 60);
  incident.activity = "incident";
  EXPECT_EQ(add(incident).amount, Cents(20000));
}

TEST_F(Entries, WithoutARateOnTheirDayAreRefusedAndToldHow) {
  EXPECT_THAT(refusal_message(work("2023-03-31", 60)),
              HasSubstr("no rate of koumbit for maintenance on 2023-03-31; record it with: "
                        "intendance rate set"));
}

TEST_F(Entries, ThatCannotBeAreRefused) {
  EXPECT_THAT(refusal_message(work("2024-11-24", 60)), HasSubstr("in the future"));
  EXPECT_THAT(refusal_message(work("2024-11-20", 24 * 60 + 1)), HasSubstr("one day holds"));
  EXPECT_THAT(refusal_message(work("2024-11-20", 0)), HasSubstr("more than zero"));
  EXPECT_THAT(refusal_message(work("2024-11-20", -60)), HasSubstr("more than zero"));
  auto entry = work("2024-11-20", 60);
  entry.description = "two\nlines";
  EXPECT_THAT(refusal_message(entry), HasSubstr("control character"));
  entry.description = "";
  EXPECT_THAT(refusal_message(entry), HasSubstr("what was done is missing"));
  entry.description = std::string(2001, 'x');
  EXPECT_THAT(refusal_message(entry), HasSubstr("at most 2000"));
  entry = work("2024-11-20", 60);
  entry.service = "nowhere";
  EXPECT_THAT(refusal_message(entry), HasSubstr("entry_service_fkey"));
}

TEST_F(Entries, AreTakenBackInEveryDimension) {
  auto entry = work("2024-10-20", 45);
  entry.service = "tei";
  entry.activity = "development";
  const auto original = add(entry);
  const auto reversal = reverse_entry(database_, original.number, "twice", new_uuid()).entry;
  EXPECT_EQ(reversal.work, -original.work);
  EXPECT_EQ(reversal.amount, -original.amount);
  EXPECT_EQ(reversal.service, "tei");
  EXPECT_EQ(reversal.activity, "development");
  EXPECT_EQ(reversal.person, original.person);
  EXPECT_EQ(reversal.vendor, original.vendor);
  EXPECT_EQ(reversal.worked_on, original.worked_on);
  EXPECT_EQ(reversal.posted_on, original.posted_on);
  EXPECT_EQ(reversal.reverses, original.number);
  const auto all = list_entries(database_, {});
  EXPECT_EQ(all.at(0).reversed_by, reversal.number);
  for (const auto& share : work_by_service(database_, "F-1234", days_of(parse_month("2024-10")))) {
    EXPECT_EQ(share.work, Minutes(0)) << share.service.name;
    EXPECT_EQ(share.amount, Cents(0)) << share.service.name;
  }
}

TEST_F(Entries, AreTakenBackOnceAndAReversalNever) {
  add("2024-10-20", 45);
  const auto id = new_uuid();
  reverse_entry(database_, 1, "twice", id);
  EXPECT_TRUE(reverse_entry(database_, 1, "twice", id).was_there);
  const auto message = [&](std::int64_t number) {
    try {
      reverse_entry(database_, number, "again", new_uuid());
    } catch (const core::Error& error) {
      return std::string(error.what());
    }
    return std::string("accepted");
  };
  EXPECT_EQ(message(1), "entry 0001 has already been reversed");
  EXPECT_THAT(message(2), HasSubstr("is itself a reversal"));
  EXPECT_THAT(message(3), HasSubstr("there is no entry 0003"));
  EXPECT_EQ(ledger_head(database_).entries, 2);
}

TEST_F(Entries, OfAClosedMonthCountInTheFirstOpenOne) {
  add("2024-09-15", 60);
  close_month("2024-09");
  const auto late = add("2024-09-20", 30);
  EXPECT_EQ(format_date(late.worked_on), "2024-09-20");
  EXPECT_EQ(format_date(late.posted_on), "2024-10-01");
  const auto reversal = reverse_entry(database_, 1, "twice", new_uuid()).entry;
  EXPECT_EQ(format_date(reversal.posted_on), "2024-10-01");
  EXPECT_EQ(format_date(add("2024-10-05", 30).posted_on), "2024-10-05");
}

TEST_F(Entries, LoggedBySeveralAtOnceFollowOneAnother) {
  constexpr int clients = 4;
  constexpr int each = 15;
  {
    std::vector<std::jthread> threads;
    for (int client = 0; client < clients; ++client) {
      threads.emplace_back([&] {
        core::Postgres own(address_);
        for (int count = 0; count < each; ++count) {
          add_entry(own, work("2024-11-20", 1 + count), test_day);
        }
      });
    }
  }
  const auto entries = list_entries(database_, {});
  ASSERT_EQ(entries.size(), std::size_t{clients * each});
  for (std::size_t index = 0; index < entries.size(); ++index) {
    EXPECT_EQ(entries[index].number, static_cast<std::int64_t>(index + 1));
  }
  EXPECT_TRUE(chain_faults(database_).empty());
}

TEST_F(Entries, LoggedTwiceAtOnceWithOneIdAreOne) {
  const auto entry = work("2024-11-20", 90);
  std::atomic<int> added = 0;
  {
    std::vector<std::jthread> threads;
    for (int client = 0; client < 4; ++client) {
      threads.emplace_back([&] {
        core::Postgres own(address_);
        if (!add_entry(own, entry, test_day).was_there) ++added;
      });
    }
  }
  EXPECT_EQ(added, 1);
  EXPECT_EQ(ledger_head(database_).entries, 1);
}

TEST_F(Entries, ThatWereTamperedWithAreNamed) {
  for (int count = 0; count < 5; ++count) add("2024-11-20", 30);
  const auto printed = ledger_head(database_).hash;
  // Only by taking the guards away can the owner of the server do this.
  const auto tamper = [&](const std::string& sql) {
    core::Transaction transaction(database_);
    database_.execute_script("ALTER TABLE ledger.entry DISABLE TRIGGER USER;" + sql);
    std::vector<std::string> named;
    for (const auto& fault : chain_faults(database_)) named.push_back(fault.what);
    return std::pair(named, chain_holds(database_, printed));
  };
  using Named = std::vector<std::string>;
  EXPECT_EQ(tamper("UPDATE ledger.entry SET minutes = 29 WHERE number = 3").first, (Named{"0003"}));
  EXPECT_EQ(tamper("UPDATE ledger.entry SET person = 'x' WHERE number = 5").first, (Named{"0005"}));
  EXPECT_EQ(
      tamper("UPDATE ledger.entry SET recorded_at = recorded_at + '1us' WHERE number = 1").first,
      (Named{"0001"}));
  EXPECT_EQ(tamper("DELETE FROM ledger.entry WHERE number = 2").first, (Named{"0002", "0003"}));
  // A chain that was cut at its end is whole; the head printed in a report tells.
  const auto [named, holds] = tamper("DELETE FROM ledger.entry WHERE number = 5");
  EXPECT_TRUE(named.empty());
  EXPECT_FALSE(holds);
  EXPECT_TRUE(chain_faults(database_).empty()); // each was undone
  EXPECT_TRUE(chain_holds(database_, printed));
}

} // namespace
} // namespace intendance::billing
