// SPDX-License-Identifier: AGPL-3.0-or-later
// Several clients at once, and a server that goes away in the middle of something.
#include "billing/ledger/closing.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/uuid.hpp"
#include "core/error.hpp"
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <thread>

namespace intendance::billing {
namespace {

class Together : public LedgerTest {
protected:
  Together() {
    Quote quote;
    quote.vendor = "koumbit";
    quote.number = "2024-14";
    quote.quoted_on = core::parse_date("2024-09-01");
    quote.service = "tei";
    quote.activity = "development";
    quote.work = Minutes(600);
    quote.description = "migration";
    add_quote(database_, quote);
  }
  NewEngagement acceptance() const {
    NewEngagement engagement;
    engagement.kind = EngagementKind::quote;
    engagement.fund = "F-1234";
    engagement.vendor = "koumbit";
    engagement.quote = "2024-14";
    engagement.accepted_by = "la direction";
    engagement.accepted_on = core::parse_date("2024-10-01");
    return engagement;
  }
  NewCost cost() const {
    NewCost cost;
    cost.id = new_uuid();
    cost.service = "tei";
    cost.fund = "F-1234";
    cost.description = "domaine";
    cost.amount = Cents(2500);
    cost.first_on = core::parse_date("2024-10-05");
    return cost;
  }
  // Each on a connection and a thread of its own. Returns how many were not refused.
  int at_once(int clients, const std::function<void(core::Postgres&, int)>& work) {
    std::atomic<int> done = 0;
    {
      std::vector<std::jthread> threads;
      for (int client = 0; client < clients; ++client) {
        threads.emplace_back([&, client] {
          core::Postgres own(address_);
          try {
            work(own, client);
            ++done;
          } catch (const core::PostgresError&) { // refused: somebody else was first
          }
        });
      }
    }
    return done;
  }
};

TEST_F(Together, OneAcceptsAQuote) {
  EXPECT_EQ(at_once(4, [&](core::Postgres& own, int) { add_engagement(own, acceptance()); }), 1);
  EXPECT_EQ(count("ledger.engagement"), 1);
}

TEST_F(Together, OneVoidsTheRest) {
  const auto name = add_engagement(database_, acceptance());
  EXPECT_EQ(
      at_once(4, [&](core::Postgres& own,
                     int) { void_engagement(own, name, Cents(70'000), test_day, "not needed"); }),
      1);
  EXPECT_EQ(require_engagement(database_, name, test_day).left, Cents(50'000));
}

TEST_F(Together, OneClosesAMonth) {
  add("2024-10-20", 30);
  EXPECT_EQ(at_once(4, [](core::Postgres& own, int) { close_month(own, parse_month("2024-10")); }),
            1);
}

TEST_F(Together, FactsAndEntriesFollowOneAnother) {
  const auto name = add_engagement(database_, acceptance());
  constexpr int clients = 4;
  constexpr int each = 6;
  const int done = at_once(clients, [&](core::Postgres& own, int client) {
    for (int count = 0; count < each; ++count) {
      core::Transaction transaction(own); // several things in one, in an order of each client's own
      auto entry = work("2024-10-20", 1 + count);
      entry.engagement = name;
      if (client % 2 == 0) add_entry(own, entry, test_day);
      add_cost(own, cost());
      own.query("UPDATE ledger.vendor SET label = $1", "Koumbit " + std::to_string(client));
      if (client % 2 == 1) add_entry(own, entry, test_day);
      transaction.commit();
    }
  });
  EXPECT_EQ(done, clients);
  EXPECT_EQ(ledger_head(database_).entries, clients * each);
  EXPECT_EQ(count("ledger.cost"), clients * each);
  EXPECT_TRUE(ledger_faults(database_).empty());
}

class Interrupted : public Together {
protected:
  // Records an entry and a cost in one transaction, in whose middle `interrupt` comes.
  void record_with(const NewEntry& entry, const NewCost& bought,
                   const std::function<void(core::Postgres&)>& interrupt) {
    core::Postgres own(address_);
    core::Transaction transaction(own);
    add_entry(own, entry, test_day);
    interrupt(own);
    EXPECT_THROW(
        {
          add_cost(own, bought);
          transaction.commit();
        },
        core::TransientError);
  }
  // A retry with the same ids records each once, whatever became of the first attempt.
  void expect_recorded_once(const NewEntry& entry, const NewCost& bought) {
    core::Postgres again(address_);
    const auto before = ledger_head(again);
    EXPECT_EQ(before.entries, 0);
    EXPECT_TRUE(ledger_faults(again).empty());
    for (int attempt = 0; attempt < 2; ++attempt) {
      add_entry(again, entry, test_day);
      add_cost(again, bought);
    }
    EXPECT_EQ(ledger_head(again).entries, 1);
    EXPECT_EQ(ledger_head(again).facts, before.facts + 1);
  }
};

TEST_F(Interrupted, ConnectionsLeaveNothingHalfDone) {
  const auto entry = work("2024-10-20", 30);
  const auto bought = cost();
  record_with(entry, bought, [&](core::Postgres& own) {
    const auto process = own.query("SELECT pg_backend_pid() AS pid").only().integer("pid");
    database_.query("SELECT pg_terminate_backend($1)", process);
  });
  expect_recorded_once(entry, bought);
}

TEST_F(Interrupted, ServersLeaveNothingHalfDone) {
  const auto entry = work("2024-10-20", 30);
  const auto bought = cost();
  record_with(entry, bought, [](core::Postgres&) {
    cluster().stop();
    cluster().start();
  });
  expect_recorded_once(entry, bought);
}

} // namespace
} // namespace intendance::billing
