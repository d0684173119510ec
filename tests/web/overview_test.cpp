// SPDX-License-Identifier: AGPL-3.0-or-later
#include "tests/web/samples.hpp"
#include "web/overview.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <vector>

namespace intendance::web {
namespace {

using namespace std::chrono_literals;
using samples::answered_backupd;
using samples::answered_billingd;
using samples::answered_collectord;
using samples::now;
using samples::with;
using testing::ElementsAre;

Overview overview_of(const std::vector<DaemonReport>& reports) {
  return compute_overview(reports, now(), 30s);
}

std::vector<FindingCode> codes_of(const Overview& overview) {
  std::vector<FindingCode> codes;
  for (const Finding& finding : overview.findings) codes.push_back(finding.code);
  return codes;
}

DaemonReport silent(DaemonReport report, std::chrono::seconds ago) {
  report.answered = now() - ago;
  report.error = "http://127.0.0.1:9710: connection refused";
  return report;
}

TEST(Overview, IsWellWhenEverybodySaysSo) {
  const Overview overview =
      overview_of({answered_collectord(), answered_backupd(), answered_billingd()});
  EXPECT_EQ(overview.verdict, VerdictState::well);
  EXPECT_TRUE(overview.findings.empty());
  EXPECT_EQ(overview.machine_counts.well, 1U);
  EXPECT_EQ(overview.service_counts.well, 1U);
  EXPECT_EQ(overview.job_counts.well, 1U);
  EXPECT_EQ(overview.oldest_success, core::parse_utc("2026-11-23T07:15:31Z"));
  EXPECT_EQ(overview.oldest_success_machine, "web-1");
  EXPECT_EQ(overview.next_run, core::parse_utc("2026-11-24T07:15:00Z"));
}

TEST(Overview, IsEmptyWithoutMachines) {
  EXPECT_EQ(overview_of({}).verdict, VerdictState::empty);
  EXPECT_EQ(overview_of({answered_billingd()}).verdict, VerdictState::empty);
}

TEST(Overview, IsUnknownUntilEverybodyAnswered) {
  DaemonReport pending{{DaemonKind::backupd, "web-1", "http://127.0.0.1:9711"}, {}, {}, {}, {}};
  EXPECT_EQ(overview_of({answered_collectord(), pending}).verdict, VerdictState::unknown);
}

TEST(Overview, IsUnknownWhileAServiceWasNotProbed) {
  EXPECT_EQ(overview_of({answered_collectord(with(samples::collectord, R"("up")", R"("unknown")"))})
                .verdict,
            VerdictState::unknown);
}

TEST(Overview, SaysSinceWhenAServiceIsDownAndWhy) {
  std::string body = with(samples::collectord, R"("up")", R"("down")");
  body = with(body, R"("reason": null)", R"("reason": "connection refused")");
  const Overview overview = overview_of({answered_collectord(body)});
  EXPECT_EQ(overview.verdict, VerdictState::critical);
  ASSERT_THAT(codes_of(overview), ElementsAre(FindingCode::service_down));
  const Finding& finding = overview.findings[0];
  EXPECT_EQ(finding.machine, "web-1");
  EXPECT_EQ(finding.subject, "expositions");
  EXPECT_EQ(finding.kind, "omeka-s");
  EXPECT_EQ(finding.since, core::parse_utc("2026-11-20T08:00:00Z"));
  EXPECT_EQ(finding.reason, "connection refused");
}

TEST(Overview, ForgivesOneLostAnswerAndThenNoMore) {
  EXPECT_EQ(overview_of({silent(answered_collectord(), 30s)}).verdict, VerdictState::well);
  const Overview overview = overview_of({silent(answered_collectord(), 31s)});
  EXPECT_EQ(overview.verdict, VerdictState::critical);
  ASSERT_THAT(codes_of(overview), ElementsAre(FindingCode::machine_silent));
  EXPECT_EQ(overview.findings[0].since, now() - 31s);
  EXPECT_EQ(overview.machines[0].silent_since, now() - 31s);
}

TEST(Overview, CallsADaemonThatNeverAnsweredSilentAtOnce) {
  DaemonReport never{{DaemonKind::collectord, "web-1", "http://127.0.0.1:9710"},
                     now(),
                     {},
                     "connection refused",
                     {}};
  const Overview overview = overview_of({never});
  ASSERT_THAT(codes_of(overview), ElementsAre(FindingCode::machine_silent));
  EXPECT_EQ(overview.findings[0].since, std::nullopt);
}

TEST(Overview, DoesNotRepeatOldNewsOfASilentMachine) {
  const std::string body = with(samples::collectord, R"("up")", R"("down")");
  const Overview overview = overview_of({silent(answered_collectord(body), 2h)});
  EXPECT_THAT(codes_of(overview), ElementsAre(FindingCode::machine_silent));
  EXPECT_EQ(overview.services[0].service.state, ServiceState::unknown);
  EXPECT_EQ(overview.services[0].service.since, std::nullopt);
}

TEST(Overview, WarnsOfDisksByWhatIsLeft) {
  const auto with_available = [](const std::string& bytes) {
    std::string body = with(samples::collectord, "21001531392", "1000");
    return codes_of(overview_of({answered_collectord(with(body, "9123456789", bytes))}));
  };
  EXPECT_THAT(with_available("100"), ElementsAre());
  EXPECT_THAT(with_available("99"), ElementsAre(FindingCode::filesystem_low));
  EXPECT_THAT(with_available("30"), ElementsAre(FindingCode::filesystem_low));
  EXPECT_THAT(with_available("29"), ElementsAre(FindingCode::filesystem_full));
}

TEST(Overview, ComputesPercentOfTheLargestDisk) {
  std::string body = with(samples::collectord, "21001531392", "9007199254740991");
  body = with(body, "9123456789", "9007199254740990");
  EXPECT_EQ(overview_of({answered_collectord(body)}).verdict, VerdictState::well);
}

TEST(Overview, WarnsWhenMemoryIsNearlyUsedUp) {
  const std::string body = with(samples::collectord, "2201231360", "41126215");
  const Overview overview = overview_of({answered_collectord(body)});
  ASSERT_THAT(codes_of(overview), ElementsAre(FindingCode::memory_low));
  EXPECT_EQ(overview.findings[0].percent, 0);
}

TEST(Overview, TellsTheStatesOfJobsApart) {
  const auto state_of = [](const std::string& body) {
    const Overview overview = overview_of({answered_backupd(body)});
    return overview.jobs.at(0).state;
  };
  EXPECT_EQ(state_of(samples::backupd), JobState::well);
  EXPECT_EQ(state_of(with(samples::backupd, R"("done")", R"("warnings")")), JobState::warnings);
  EXPECT_EQ(state_of(with(samples::backupd, R"("done")", R"("failed")")), JobState::failed);
  EXPECT_EQ(state_of(with(samples::backupd, R"("overdue": false)", R"("overdue": true)")),
            JobState::overdue);
  EXPECT_EQ(state_of(with(samples::backupd, R"("2026-11-23T07:15:31Z")", "null")), JobState::never);
}

TEST(Overview, TellsOfARepositoryThatIsDamagedOrNotTakenCareOf) {
  const auto codes = [](const std::string& body) {
    return codes_of(overview_of({answered_backupd(body, "hub")}));
  };
  EXPECT_THAT(codes(samples::hub_backupd), ElementsAre()) << "one failure is tried again";
  EXPECT_THAT(codes(with(samples::hub_backupd, R"("failures": 1)", R"("failures": 3)")),
              ElementsAre(FindingCode::care_failing));
  EXPECT_THAT(codes(with(samples::hub_backupd, R"("overdue": false)", R"("overdue": true)")),
              ElementsAre(FindingCode::care_failing));
  const auto damaged =
      with(samples::hub_backupd, R"("damaged_objects": 0)", R"("damaged_objects": 2)");
  EXPECT_THAT(codes(damaged), ElementsAre(FindingCode::repository_damaged));
  EXPECT_EQ(overview_of({answered_backupd(damaged, "hub")}).verdict, VerdictState::critical);
}

TEST(Overview, HasNoOldestSuccessWhileAJobHasNone) {
  const Overview overview = overview_of(
      {answered_backupd(),
       answered_backupd(with(samples::backupd, R"("2026-11-23T07:15:31Z")", "null"), "db-1")});
  EXPECT_EQ(overview.oldest_success, std::nullopt);
  EXPECT_THAT(codes_of(overview), ElementsAre(FindingCode::backup_never));
}

TEST(Overview, PutsTheMostSevereFirst) {
  const std::string full = with(samples::collectord, "9123456789", "1");
  const std::string late = with(samples::backupd, R"("overdue": false)", R"("overdue": true)");
  const std::string failed = with(samples::backupd, R"("done")", R"("failed")");
  const Overview overview = overview_of(
      {answered_backupd(late, "a"), answered_backupd(failed, "b"), answered_collectord(full, "c"),
       silent(answered_collectord(samples::collectord, "d"), 1h)});
  EXPECT_THAT(codes_of(overview),
              ElementsAre(FindingCode::machine_silent, FindingCode::backup_failed,
                          FindingCode::filesystem_full, FindingCode::backup_overdue));
}

TEST(Overview, CountsWhatTheRestOfTheBudgetBuys) {
  const Overview overview = overview_of({answered_billingd()});
  ASSERT_TRUE(overview.billing);
  // 17 587,50 $ at 6 412,50 $ for 3206 minutes.
  EXPECT_EQ(overview.billing->budgets.at(0).available_minutes, 8793);
}

TEST(Overview, BoundsWhatAnAbsurdBudgetBuys) {
  std::string body = with(samples::billingd, "1758750", "9007199254740991");
  body = with(with(body, "3206", "9007199254740991"), "641250", "1");
  EXPECT_EQ(overview_of({answered_billingd(body)}).billing->budgets.at(0).available_minutes,
            largest_exact);
}

TEST(Overview, DoesNotKnowWhatAnHourCostsBeforeTheFirst) {
  std::string body = with(samples::billingd, "641250", "0");
  body = with(body, "3206", "0");
  EXPECT_EQ(overview_of({answered_billingd(body)}).billing->budgets.at(0).available_minutes,
            std::nullopt);
}

TEST(Overview, WarnsOfABudgetThatEndsOrIsExceeded) {
  const auto with_available = [](const std::string& cents) {
    return overview_of({answered_billingd(with(samples::billingd, "1758750", cents))}).findings;
  };
  EXPECT_TRUE(with_available("240000").empty());
  EXPECT_EQ(with_available("239999").at(0).code, FindingCode::budget_low);
  EXPECT_EQ(with_available("0").at(0).code, FindingCode::budget_low);
  EXPECT_EQ(with_available("-1").at(0).code, FindingCode::budget_exceeded);
  EXPECT_EQ(with_available("-1").at(0).cents, 1);
}

TEST(Overview, WarnsOfABudgetThatWillNotLast) {
  const auto findings_at = [](const std::string& middle) {
    return overview_of({answered_billingd(with(samples::billingd, "2104500", middle))}).findings;
  };
  EXPECT_TRUE(findings_at("2400000").empty());
  ASSERT_EQ(findings_at("2520000").size(), 1U);
  EXPECT_EQ(findings_at("2520000").at(0).code, FindingCode::budget_short);
  EXPECT_EQ(findings_at("2520000").at(0).cents, 120000);
}

TEST(Overview, DoesNotJudgeWhatIsNotKnown) {
  const std::string disk = with(samples::collectord, "9123456789", "null");
  const std::string year = with(with(samples::billingd, "2400000", "null"), "1758750", "null");
  const Overview overview = overview_of({answered_collectord(disk), answered_billingd(year)});
  EXPECT_TRUE(overview.findings.empty());
  EXPECT_EQ(overview.billing->budgets.at(0).available_minutes, std::nullopt);
}

TEST(Overview, DoesNotWarnOfAYearThatIsOver) {
  std::string body = with(samples::billingd, "1758750", "-1");
  body = with(with(body, "2027-03-31", "2026-03-31"), "2026-04-01", "2025-04-01");
  EXPECT_TRUE(overview_of({answered_billingd(body)}).findings.empty());
}

TEST(Overview, CountsAMachineThatHasOnlyABackupd) {
  EXPECT_EQ(overview_of({answered_backupd()}).machines.at(0).presence, Presence::up);
  const Overview overview = overview_of({silent(answered_backupd(), 1h)});
  EXPECT_EQ(overview.machine_counts.well, 0U);
  EXPECT_THAT(codes_of(overview), ElementsAre(FindingCode::backupd_silent));
}

TEST(OverviewJson, SaysTheSameForTheSameOverviewButItsTime) {
  const Overview overview =
      overview_of({answered_collectord(), answered_backupd(), answered_billingd()});
  EXPECT_EQ(overview_json(overview, now()), overview_json(overview, now()));
  const auto parsed = nlohmann::json::parse(overview_json(overview, now()));
  EXPECT_EQ(parsed["time"], "2026-11-23T13:12:00Z");
  EXPECT_EQ(parsed["verdict"], "well");
  EXPECT_EQ(parsed["machines"][0]["status"]["filesystems"][0]["level"], "well");
  EXPECT_EQ(parsed["billing"]["budgets"][0]["available_cents"], 1758750);
  EXPECT_EQ(parsed["billing"]["budgets"][0]["forecast"]["high_cents"], 2291240);
}

TEST(OverviewJson, SurvivesAnErrorThatIsNotText) {
  DaemonReport report = answered_collectord();
  report.answered.reset();
  report.error = "\xff\xfe";
  const auto parsed = nlohmann::json::parse(overview_json(overview_of({report}), now()));
  EXPECT_EQ(parsed["machines"][0]["error"], "\uFFFD\uFFFD");
}

} // namespace
} // namespace intendance::web
