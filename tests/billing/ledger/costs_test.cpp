// SPDX-License-Identifier: AGPL-3.0-or-later
// Costs beside hours, as the database takes and counts them.
#include "tests/billing/ledger_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::StartsWith;

class Costs : public LedgerTest {
protected:
  static constexpr const char* domain_ = "00000000-0000-4000-8000-000000000001";
  static constexpr const char* screen_ = "00000000-0000-4000-8000-000000000002";
  static constexpr const char* cloud_ = "00000000-0000-4000-8000-000000000003";

  static std::string recurring(const std::string& first, int months, std::int64_t cents = 2500,
                               const std::string& last = "NULL") {
    return std::string(
               "INSERT INTO ledger.cost (cost_id, kind, service, fund, vendor, category, "
               "description, cents, taxation, first_on, period_months, last_on) VALUES ('") +
           domain_ + "', 'recurring', 'expositions', 'F-1234', 'koumbit', 'hosting', 'domain', " +
           std::to_string(cents) + ", 'taxable', '" + first + "', " + std::to_string(months) +
           ", " + last + ")";
  }
  static std::string once(const std::string& on, std::int64_t cents = 30'000) {
    return std::string("INSERT INTO ledger.cost (cost_id, kind, service, fund, category, "
                       "description, cents, taxation, first_on) VALUES ('") +
           screen_ + "', 'one_off', 'tei', 'F-1234', 'equipment', 'screen', " +
           std::to_string(cents) + ", 'untaxed', '" + on + "')";
  }
  static std::string in_kind(const std::string& valuation) {
    return std::string("INSERT INTO ledger.cost (cost_id, kind, service, category, description, "
                       "cents, taxation, first_on, period_months, valuation) VALUES ('") +
           cloud_ + "', 'in_kind', 'tei', 'hosting', 'allocation', 500000, 'untaxed', " +
           "'2024-04-01', 12, '" + valuation + "')";
  }
  static std::string take_back(const std::string& id, const std::string& due = "NULL") {
    return "INSERT INTO ledger.cost (cost_id, reverses, reverses_due, description) VALUES "
           "(gen_random_uuid(), '" +
           id + "', " + due + ", 'billed twice')";
  }
  static std::string end(const std::string& on) {
    return std::string("INSERT INTO ledger.cost_end VALUES ('") + domain_ + "', '" + on +
           "', 'gone')";
  }
  // "2024-04-30 2500, 2024-05-31 2500": when each counts.
  std::string charges(const std::string& from, const std::string& to) {
    return database_
        .query("SELECT coalesce(string_agg(posted_on || ' ' || cents, ', ' ORDER BY posted_on, "
               "due_on, "
               "cents DESC), '') AS words FROM ledger.cost_charges($1::date, $2::date)",
               from, to)
        .only()
        .text("words");
  }
};

TEST_F(Costs, RecurOnTheSameDayOrTheMonthsLast) {
  record(recurring("2024-01-31", 1));
  EXPECT_EQ(charges("2024-01-01", "2024-04-29"),
            "2024-01-31 2500, 2024-02-29 2500, 2024-03-31 2500");
  EXPECT_EQ(charges("2024-04-30", "2024-04-30"), "2024-04-30 2500");
  EXPECT_EQ(charges("2024-05-01", "2024-05-30"), "");
  EXPECT_EQ(charges("2023-01-01", "2023-12-31"), "");
}

TEST_F(Costs, RecurUntilTheyEnd) {
  record(recurring("2024-01-15", 12, 2500, "'2026-12-31'"));
  EXPECT_EQ(charges("2024-01-01", "2030-01-01"),
            "2024-01-15 2500, 2025-01-15 2500, 2026-01-15 2500");
  record(end("2026-01-14"));
  EXPECT_EQ(charges("2024-01-01", "2030-01-01"), "2024-01-15 2500, 2025-01-15 2500");
  EXPECT_THAT(answer(end("2026-01-14")), StartsWith("ID005 the cost "));
}

TEST_F(Costs, AreTakenBackOneChargeAtATime) {
  record(recurring("2024-01-15", 1) + ";" + once("2024-02-01"));
  EXPECT_THAT(answer(take_back(domain_, "'2024-01-16'")), StartsWith("ID002 nothing of the cost "));
  EXPECT_THAT(answer(take_back(domain_)), StartsWith("ID002 nothing of the cost "));
  record(take_back(domain_, "'2024-02-15'") + ";" + take_back(screen_));
  EXPECT_EQ(charges("2024-02-01", "2024-02-29"),
            "2024-02-01 30000, 2024-02-01 -30000, 2024-02-15 2500, 2024-02-15 -2500");
  EXPECT_EQ(answer(take_back(screen_)),
            std::string("ID002 what was due on 2024-02-01 of the cost ") + screen_ +
                " has already been reversed");
  EXPECT_THAT(answer(take_back("00000000-0000-4000-8000-000000000009")),
              StartsWith("ID002 there is no"));
  // Every dimension is the original's, so that no service or line stays overstated.
  EXPECT_EQ(count("(SELECT FROM ledger.cost_charges('2024-02-01', '2024-02-28') GROUP BY kind, "
                  "service, fund, vendor, category, taxation HAVING sum(cents) <> 0) unbalanced"),
            0);
  const auto reversal =
      database_.query("SELECT cost_id FROM ledger.cost WHERE reverses = $1", screen_)
          .only()
          .text("cost_id");
  EXPECT_THAT(answer(take_back(reversal)), StartsWith("ID002 the cost " + reversal + " is itself"));
}

TEST_F(Costs, OfAClosedMonthCountInTheFirstOpenOne) {
  record(once("2024-08-01") + ";" + recurring("2024-07-01", 1));
  add("2024-09-20", 30);
  close_month("2024-09");
  EXPECT_EQ(answer(end("2024-08-31")),
            std::string("ID003 the cost ") + domain_ +
                " cannot end on 2024-08-31: what was due on 2024-09-01 counts in a month that is "
                "closed; reverse that, and end the cost from then on");
  EXPECT_EQ(answer(end("2024-09-30")), "accepted");
  record(take_back(screen_));
  EXPECT_EQ(charges("2024-08-01", "2024-08-31"), "2024-08-01 30000, 2024-08-01 2500");
  EXPECT_EQ(charges("2024-10-01", "2024-10-31"), "2024-10-01 -30000, 2024-10-01 2500");
}

TEST_F(Costs, RecordedLateCountInTheFirstOpenMonth) {
  add("2024-09-20", 30);
  close_month("2024-09");
  record(recurring("2024-08-15", 1));
  EXPECT_EQ(charges("2024-08-01", "2024-09-30"), "");
  EXPECT_EQ(charges("2024-10-01", "2024-10-31"),
            "2024-10-01 2500, 2024-10-01 2500, 2024-10-15 2500");
}

TEST_F(Costs, InKindAreWorthWhatSomebodySaysAndConsumeNothing) {
  EXPECT_THAT(answer(in_kind("")), StartsWith("23514"));
  record(in_kind("Calcul Québec, lettre 2024"));
  EXPECT_EQ(count("ledger.cost_charges('2024-04-01', '2025-03-31') WHERE fund IS NULL"), 1);
}

TEST_F(Costs, ThatCannotBeAreRefused) {
  EXPECT_EQ(answer(once("2024-02-01", 0)),
            "ID006 a cost must be more than zero; a mistake is corrected by a reversal");
  EXPECT_THAT(answer(once("2024-02-01", -5)), StartsWith("ID006"));
  EXPECT_THAT(answer(recurring("2024-02-01", 0)), StartsWith("23514"));
  EXPECT_THAT(answer(recurring("1999-02-01", 1)), StartsWith("23514"));
  EXPECT_THAT(answer(recurring("2024-02-01", 1, 5, "'2024-01-01'")), StartsWith("23514"));
  EXPECT_EQ(answer(once("2024-02-01") + ";" + once("2024-02-01")), "accepted"); // a retry
  EXPECT_EQ(count("ledger.cost"), 0);
  EXPECT_THAT(answer(once("2024-02-01") + ";" + once("2024-02-01", 9)),
              StartsWith("ID005 the id "));
  EXPECT_EQ(answer(once("2024-02-01") + ";" + std::string("INSERT INTO ledger.cost_end VALUES ('") +
                   screen_ + "', '2024-03-01', 'x')"),
            std::string("ID006 the cost ") + screen_ +
                " does not recur; reverse it if it was a mistake");
  EXPECT_THAT(answer("UPDATE ledger.cost SET cents = 1"), StartsWith("ID001"));
  EXPECT_THAT(answer("DELETE FROM ledger.cost_end"), StartsWith("ID001"));
}

TEST_F(Costs, UseAnEngagement) {
  record("INSERT INTO ledger.engagement (name, kind, fund, vendor, service, cents, accepted_by, "
         "accepted_on, description) VALUES ('E-1', 'contract', 'F-1234', 'koumbit', 'expositions', "
         "10000, 'd', '2024-01-01', 'hosting')");
  const auto with = [](std::string sql, const std::string& engagement) {
    sql.insert(sql.find("description"), "engagement, ");
    sql.insert(sql.find("'domain'"), "'" + engagement + "', ");
    return sql;
  };
  EXPECT_THAT(answer(with(recurring("2024-01-15", 1), "E-2")),
              StartsWith("ID008 there is no engagement"));
  record(with(recurring("2024-01-15", 1, 2500, "'2024-03-31'"), "E-1"));
  const auto left = [&](const std::string& day) {
    return database_.query("SELECT left_cents FROM ledger.engagements($1::date)", day)
        .only()
        .integer("left_cents");
  };
  EXPECT_EQ(left("2024-01-14"), 10'000);
  EXPECT_EQ(left("2024-02-15"), 5'000);
  EXPECT_EQ(left("2025-01-01"), 2'500);
  record(take_back(domain_, "'2024-02-15'"));
  EXPECT_EQ(left("2025-01-01"), 5'000);
}

} // namespace
} // namespace intendance::billing
