// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/mail/report_mail.hpp"
#include "tests/billing/sample_report.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace intendance::billing {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class DueReports : public testing::Test {
protected:
  std::vector<std::string> due(const std::string& now) {
    std::vector<std::string> keys;
    for (const auto& each :
         due_reports(on_, {fund_}, first_open_, memory_, core::parse_utc(now), zone_))
      keys.push_back(each.key());
    return keys;
  }

  core::TimeZone zone_ = core::TimeZone::named("America/Montreal");
  core::Schedule on_ = core::Schedule::parse("monthly 5 08:00");
  Fund fund_ = sample_report().balance.fund;
  std::optional<Date> first_open_;
  MailMemory memory_{parse_month("2026-10"), {}};
};

TEST_F(DueReports, WaitForTheirDayAndHour) {
  EXPECT_THAT(due("2026-11-05T12:59:59Z"), IsEmpty()); // 07:59:59 in Montréal
  EXPECT_THAT(due("2026-11-05T13:00:00Z"), ElementsAre("2026-10 provisional F-1234"));
  memory_.sent = {"2026-10 provisional F-1234"};
  EXPECT_THAT(due("2026-11-06T13:00:00Z"), IsEmpty());
}

TEST_F(DueReports, ComeAgainWhenTheMonthCloses) {
  memory_.sent = {"2026-10 provisional F-1234"};
  first_open_ = core::parse_date("2026-11-01");
  EXPECT_THAT(due("2026-11-09T13:00:00Z"), ElementsAre("2026-10 closed F-1234"));
  first_open_ = core::parse_date("2026-10-01");
  EXPECT_THAT(due("2026-11-09T13:00:00Z"), IsEmpty());
}

TEST_F(DueReports, AreCaughtUpWithAfterAnAbsenceButNotForEver) {
  EXPECT_THAT(due("2027-01-05T13:00:00Z"),
              ElementsAre("2026-10 provisional F-1234", "2026-11 provisional F-1234",
                          "2026-12 provisional F-1234"));
  EXPECT_THAT(due("2027-03-01T13:00:00Z"),
              ElementsAre("2026-12 provisional F-1234", "2027-01 provisional F-1234"));
}

TEST_F(DueReports, BeginWithTheNextOneThatComesDue) {
  EXPECT_EQ(first_mailed_month(on_, core::parse_utc("2026-11-05T12:00:00Z"), zone_),
            parse_month("2026-10"));
  EXPECT_EQ(first_mailed_month(on_, core::parse_utc("2026-11-05T14:00:00Z"), zone_),
            parse_month("2026-11"));
}

TEST_F(DueReports, OfTheLastDayFallOnTheLastDayOfAShortMonth) {
  on_ = core::Schedule::parse("monthly 31 08:00");
  memory_.since = parse_month("2027-01");
  EXPECT_THAT(due("2027-02-28T12:00:00Z"), IsEmpty());
  EXPECT_THAT(due("2027-02-28T13:00:00Z"), ElementsAre("2027-01 provisional F-1234"));
}

MailSettings sample_settings() {
  MailSettings settings;
  settings.from = "intendance@example.org";
  settings.to = {"finances@example.org"};
  return settings;
}

core::Mail sample_mail(core::Language language, ReportStatus status) {
  auto settings = sample_settings();
  settings.language = language;
  const auto report = sample_report();
  return compose_report_mail(settings, {report.month, "F-1234", status}, report,
                             {{"report.csv", "text/csv", "a,b\n"}},
                             core::parse_utc("2026-12-05T13:00:00Z"));
}

TEST(ReportMail, SaysWhatMattersAndTheHeadOfTheLedger) {
  const auto mail = sample_mail(core::Language::french, ReportStatus::closed);
  EXPECT_EQ(mail.subject, "Rapport mensuel, octobre 2026, fonds F-1234 (clos)");
  EXPECT_THAT(mail.text, HasSubstr(sample_report().head.hash));
  EXPECT_THAT(mail.text, HasSubstr("24\u00a0000,00\u00a0$"));
  // Of "a,b\n", as sha256sum says.
  EXPECT_THAT(mail.text,
              HasSubstr("report.csv\n  "
                        "5be08c9684a1d25efcee09318204824278b08bbfb4aef973ffefd0b9d7478313"));
  EXPECT_THAT(mail.text, Not(HasSubstr("provisoire")));
}

TEST(ReportMail, SaysThatAnOpenMonthCanChange) {
  const auto mail = sample_mail(core::Language::english, ReportStatus::provisional);
  EXPECT_EQ(mail.subject, "Monthly report, October 2026, fund F-1234 (provisional)");
  EXPECT_THAT(mail.text, HasSubstr("intendance month close 2026-10"));
}

TEST(ReportMail, IsTheSameMailWhenItIsSentAgain) {
  const auto closed = sample_mail(core::Language::french, ReportStatus::closed);
  EXPECT_EQ(closed.id, sample_mail(core::Language::french, ReportStatus::closed).id);
  EXPECT_NE(closed.id, sample_mail(core::Language::french, ReportStatus::provisional).id);
}

} // namespace
} // namespace intendance::billing
