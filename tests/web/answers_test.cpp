// SPDX-License-Identifier: AGPL-3.0-or-later
#include "core/error.hpp"
#include "tests/web/samples.hpp"
#include "web/answers.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

namespace intendance::web {
namespace {

using samples::with;
using testing::HasSubstr;

std::string refusal(const std::function<void()>& parse) {
  try {
    parse();
  } catch (const core::CorruptData& error) {
    return error.what();
  }
  return "accepted";
}

std::string refusal_of_collectord(const std::string& body) {
  return refusal([&] { parse_collectord_answer(body); });
}

TEST(CollectordAnswer, HoldsWhatTheDocumentedExampleSays) {
  const CollectordAnswer answer = parse_collectord_answer(samples::collectord);
  EXPECT_EQ(answer.machine, "web-1");
  EXPECT_EQ(answer.boot_time, core::parse_utc("2026-11-01T04:00:12Z"));
  EXPECT_EQ(answer.load1, 0.42);
  EXPECT_EQ(answer.memory_total_bytes, 4112621568);
  ASSERT_EQ(answer.filesystems.size(), 1U);
  EXPECT_EQ(answer.filesystems[0].available_bytes, 9123456789);
  ASSERT_EQ(answer.services.size(), 1U);
  EXPECT_EQ(answer.services[0].state, ServiceState::up);
  EXPECT_EQ(answer.services[0].reason, std::nullopt);
  EXPECT_EQ(answer.services[0].duration_seconds, 0.182);
}

TEST(CollectordAnswer, LeavesAbsentWhatIsMissingOrNull) {
  const CollectordAnswer answer = parse_collectord_answer(
      R"({"machine": "web-1", "load1": null, "memory": {"total_bytes": 1}})");
  EXPECT_EQ(answer.load1, std::nullopt);
  EXPECT_EQ(answer.boot_time, std::nullopt);
  EXPECT_EQ(answer.memory_total_bytes, 1);
  EXPECT_EQ(answer.memory_available_bytes, std::nullopt);
  EXPECT_TRUE(answer.services.empty());
}

TEST(CollectordAnswer, ShowsTheStartOfWhatIsNotJson) {
  EXPECT_EQ(refusal_of_collectord("<!doctype html>\n<html><body>502 Bad Gateway</body></html>"),
            "not JSON: begins with \"<!doctype html>\"");
  EXPECT_EQ(refusal_of_collectord(""), "not JSON: an empty answer");
  EXPECT_EQ(refusal_of_collectord("[]"), "the answer is not an object");
}

TEST(CollectordAnswer, RefusesEveryCutExample) {
  for (std::size_t length = 0; length < samples::collectord.size(); ++length)
    ASSERT_NE(refusal_of_collectord(samples::collectord.substr(0, length)), "accepted") << length;
}

TEST(CollectordAnswer, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(refusal_of_collectord(with(samples::collectord, R"("up")", R"("fine")")),
            "services[0].state: \"fine\" is none of up, down, unknown");
  EXPECT_EQ(refusal_of_collectord(with(samples::collectord, "21001531392", "-1")),
            "filesystems[0].size_bytes: is negative");
  EXPECT_EQ(refusal_of_collectord(with(samples::collectord, "21001531392", "99999999999999999999")),
            "filesystems[0].size_bytes: is not an integer");
  EXPECT_EQ(refusal_of_collectord(with(samples::collectord, "9123456789", "18446744073709551615")),
            "filesystems[0].available_bytes: is too large");
  EXPECT_EQ(refusal_of_collectord(with(samples::collectord, "0.42", "\"0.42\"")),
            "load1: is not a number");
  EXPECT_THAT(refusal_of_collectord(with(samples::collectord, "2026-11-20T08:00:00Z", "yesterday")),
              HasSubstr("services[0].since: "));
  EXPECT_EQ(refusal_of_collectord(with(samples::collectord, R"("machine": "web-1",)", "")),
            "machine: is missing");
}

TEST(CollectordAnswer, KeepsOneLineOfAReason) {
  const std::string page =
      R"("302 to /install\n<html>\u001b[31m<body>)" + std::string(4000, 'x') + "\"";
  std::string body = with(samples::collectord, R"("detail": null)", R"("detail": )" + page);
  EXPECT_EQ(parse_collectord_answer(body).services[0].detail, "302 to /install");
}

TEST(BackupdAnswer, HoldsWhatTheDocumentedExampleSays) {
  const BackupdAnswer answer = parse_backupd_answer(samples::backupd);
  ASSERT_EQ(answer.jobs.size(), 1U);
  const Job& job = answer.jobs[0];
  EXPECT_EQ(job.last_success, core::parse_utc("2026-11-23T07:15:31Z"));
  ASSERT_TRUE(job.last_run);
  EXPECT_EQ(job.last_run->outcome, RunOutcome::done);
  EXPECT_EQ(job.last_run->stored_bytes, 147849216);
}

TEST(BackupdAnswer, HoldsWhatAHubSaysOfItsCare) {
  EXPECT_TRUE(parse_backupd_answer(samples::backupd).care.empty()) << "an older daemon";
  const BackupdAnswer answer = parse_backupd_answer(samples::hub_backupd);
  ASSERT_EQ(answer.care.size(), 1U);
  const Care& care = answer.care[0];
  EXPECT_EQ(care.snapshots, 31);
  EXPECT_EQ(care.lost_files, std::nullopt);
  EXPECT_EQ(care.oldest_unread, core::parse_utc("2026-09-20T08:41:00Z"));
  ASSERT_EQ(care.tasks.size(), 4U);
  EXPECT_EQ(care.verify().name, "verify");
  EXPECT_EQ(care.tasks[1].failures, 1);
  EXPECT_EQ(care.tasks[1].error, "no route to host");
}

TEST(BackupdAnswer, RefusesAnOutcomeThatIsNotKnown) {
  EXPECT_EQ(
      refusal([] { parse_backupd_answer(with(samples::backupd, R"("done")", R"("maybe")")); }),
      "jobs[0].last_run.outcome: \"maybe\" is none of done, warnings, failed");
}

TEST(BillingdAnswer, HoldsWholeCents) {
  const BillingdAnswer answer = parse_billingd_answer(samples::billingd);
  ASSERT_EQ(answer.budgets.size(), 1U);
  EXPECT_EQ(answer.budgets[0].available_cents, 1758750);
  EXPECT_EQ(answer.budgets[0].basis, "net");
  ASSERT_TRUE(answer.budgets[0].forecast);
  EXPECT_EQ(answer.budgets[0].forecast->low_cents, 1982211);
}

TEST(BillingdAnswer, KnowsALedgerThatCannotBeForecast) {
  const auto without = [](const std::string& key) {
    return parse_billingd_answer(with(samples::billingd, key, "\"other\":")).budgets.at(0).forecast;
  };
  EXPECT_FALSE(without("\"forecast\":"));
  EXPECT_FALSE(without("\"cost\":"));
}

TEST(BillingdAnswer, PrefersTheBasisOfTheBudgetItself) {
  const std::string body =
      with(samples::billingd, R"("fund": "F-1234",)", R"("fund": "F-1234", "basis": "gross",)");
  EXPECT_EQ(parse_billingd_answer(body).budgets.at(0).basis, "gross");
}

TEST(BillingdAnswer, KnowsAYearWithoutABudget) {
  const std::string body = with(with(samples::billingd, "2400000", "null"), "1758750", "null");
  const BillingdAnswer answer = parse_billingd_answer(body);
  EXPECT_EQ(answer.budgets.at(0).budget_cents, std::nullopt);
  EXPECT_EQ(answer.budgets.at(0).available_cents, std::nullopt);
  EXPECT_EQ(answer.budgets.at(0).spent_cents, 641250);
}

TEST(BillingdAnswer, RefusesMoneyThatJavaScriptCannotCount) {
  const auto spent = [](const std::string& cents) {
    return refusal([&] { parse_billingd_answer(with(samples::billingd, "641250", cents)); });
  };
  EXPECT_EQ(spent("9007199254740991"), "accepted");
  EXPECT_EQ(spent("9007199254740992"), "budgets[0].spent_cents: is too large");
  EXPECT_EQ(spent("-9007199254740991"), "accepted");
  EXPECT_EQ(spent("-9223372036854775808"), "budgets[0].spent_cents: is too large");
}

TEST(BillingdAnswer, RefusesMoneyThatIsNotWholeCents) {
  EXPECT_EQ(refusal([] { parse_billingd_answer(with(samples::billingd, "641250", "6412.50")); }),
            "budgets[0].spent_cents: is not an integer");
}

TEST(FirstLine, CutsBetweenCharactersNotInThem) {
  EXPECT_EQ(first_line("été", 3), "ét…");
  EXPECT_EQ(first_line("été", 2), "é…");
  EXPECT_EQ(first_line("été", 5), "été");
  EXPECT_EQ(first_line("\n\na\tb\nc"), "ab");
}

} // namespace
} // namespace intendance::web
