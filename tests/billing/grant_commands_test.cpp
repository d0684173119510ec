// SPDX-License-Identifier: AGPL-3.0-or-later
// Grants, deadlines, tax numbers and lines of budgets as people give them.
#include "tests/billing/commands_fixture.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class GrantCommands : public CommandsTest {
protected:
  GrantCommands() { set_up_ledger(); }
  Answer grant(const std::string& until = "2027-03-31") {
    return run({"grant", "add", "crsh-2024", "--funder", "CRSH", "--number", "435-2024-0000",
                "--from", "2024-04-01", "--until", until});
  }
};

TEST_F(GrantCommands, RecordAGrantAndItsDeadlines) {
  const auto added = grant();
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_THAT(added.out,
              HasSubstr("crsh-2024 · CRSH 435-2024-0000 · F-1234 · 1 avr. 2024 – 31 mars 2027"));
  const auto deadline = run({"deadline", "add", "crsh-2024", "form-300", "--due", "2025-06-30",
                             "--label-fr", "Formulaire 300"});
  EXPECT_THAT(deadline.out, HasSubstr("30 juin 2025 · form-300 · Formulaire 300 · à remettre"));
  EXPECT_THAT(run({"deadline", "set", "crsh-2024", "form-300"}).out, HasSubstr("· remis"));
  EXPECT_THAT(run({"deadline", "set", "crsh-2024", "form-300"}).err,
              HasSubstr("has no open deadlines of form-300"));
  EXPECT_EQ(run({"deadline", "set", "crsh-2024", "form-300", "--due", "2025-06-30", "open"}).status,
            0);
  EXPECT_THAT(run({"grant", "extend", "crsh-2024", "--until", "2028-03-31"}).out,
              HasSubstr("31 mars 2028"));
  const auto json = this->json({"grant", "list"})["grants"][0];
  EXPECT_EQ(json["to"], "2028-03-31");
  EXPECT_EQ(json["deadlines"][0]["state"], "open");
  EXPECT_TRUE(this->json({"ledger", "verify"})["faults"].empty());
}

TEST_F(GrantCommands, SayWhatIsWrongWithAGrant) {
  EXPECT_THAT(grant("2024-03-31").err, HasSubstr("would end before it begins"));
  EXPECT_THAT(run({"grant", "list"}).out, HasSubstr("aucune subvention"));
  grant();
  EXPECT_THAT(grant().err,
              HasSubstr("is recorded already; only its end may change (intendance grant extend)"));
  EXPECT_THAT(run({"grant", "extend", "crsh-2024", "--until", "2020-01-01"}).err,
              HasSubstr("cannot end on 2020-01-01"));
  EXPECT_THAT(run({"grant", "extend", "frq", "--until", "2020-01-01"}).err,
              HasSubstr("there is no grant \"frq\"; there are: crsh-2024"));
  EXPECT_EQ(run({"grant", "add", "x", "--funder", "CRSH"}).status, 2);
  EXPECT_EQ(run({"deadline", "add", "crsh-2024", "form-300", "--due", "2025-06-31"}).status, 2);
  EXPECT_THAT(run({"deadline", "add", "crsh-2024", "form 300", "--due", "2025-06-30"}).err,
              HasSubstr("cannot be a report's name"));
  run({"deadline", "add", "crsh-2024", "form-300", "--due", "2025-06-30"});
  EXPECT_THAT(run({"deadline", "add", "crsh-2024", "form-300", "--due", "2025-06-30"}).err,
              HasSubstr("is recorded already"));
  EXPECT_THAT(run({"deadline", "set", "crsh-2024", "form-300", "--due", "2025-07-30"}).err,
              HasSubstr("has no deadline of form-300 on 2025-07-30"));
  EXPECT_EQ(run({"deadline", "set", "crsh-2024", "form-300", "late"}).status, 2);
}

TEST_F(GrantCommands, RecordTaxNumbers) {
  const auto added = run({"vendor", "tax-number", "koumbit", "--tps", "123456789 RT0001", "--tvq",
                          "1234567890 TQ0001"});
  EXPECT_EQ(added.status, 0) << added.err;
  EXPECT_THAT(added.out,
              AllOf(HasSubstr("TPS 123456789RT0001"), HasSubstr("TVQ 1234567890TQ0001")));
  EXPECT_THAT(run({"vendor", "tax-number", "koumbit", "--tps", "123456789RT0002"}).err,
              HasSubstr("with --since"));
  EXPECT_EQ(
      run({"vendor", "tax-number", "koumbit", "--tps", "123456789RT0002", "--since", "2024-07-01"})
          .status,
      0);
  EXPECT_THAT(run({"vendor", "tax-number", "koumbit", "--tvq", "12"}).err,
              HasSubstr("\"12\" is not a number of the TVQ; allowed:"));
  EXPECT_EQ(run({"vendor", "tax-number", "koumbit"}).status, 2);
  EXPECT_EQ(json({"vendor", "list"})["vendors"][0]["tax_numbers"].size(), 3U);
}

TEST_F(GrantCommands, AddLinesAndChooseABasis) {
  EXPECT_THAT(run({"budget", "add-line", "training", "--label-fr", "formation"}).out,
              HasSubstr("training est inscrit"));
  EXPECT_THAT(run({"budget", "add-line", "training"}).out,
              HasSubstr("training était déjà inscrit"));
  EXPECT_THAT(run({"budget", "add-line", "é"}).err, HasSubstr("cannot be a line of budgets"));
  EXPECT_THAT(run({"budget", "lines"}).out, HasSubstr("formation"));
  EXPECT_EQ(run({"budget", "transfer", "--year", "2024", "--from", "services", "--to", "training",
                 "--amount", "5", "x"})
                .status,
            0);
  EXPECT_EQ(run({"budget", "basis", "gross", "--from", "2024-04-01"}).status, 0);
  EXPECT_EQ(json({"budget", "show", "--year", "2024"})["budgets"][0]["basis"], "gross");
  EXPECT_THAT(run({"budget", "basis", "net", "--from", "2024-04-01"}).err,
              HasSubstr("choose a later day"));
  EXPECT_EQ(run({"budget", "basis", "net", "--from", "2025-01-01"}).status, 0);
  EXPECT_EQ(run({"budget", "basis", "golf"}).status, 2);
}

} // namespace
} // namespace intendance::billing
