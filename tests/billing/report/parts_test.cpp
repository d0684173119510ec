// SPDX-License-Identifier: AGPL-3.0-or-later
// What a report is made of, each by itself: typography, scales, variances, decisions.
#include "billing/report/compose.hpp"
#include "billing/report/svg.hpp"
#include "tests/billing/sample_report.hpp"

#include <gmock/gmock.h>

namespace intendance::billing {
namespace {

using core::Language;
using testing::HasSubstr;

TEST(Voice, KeepsFrenchSignsWithTheirWords) {
  EXPECT_EQ(french_typography("« l'un » : 5 % ; 3 $"),
            "«\u00a0l\u2019un\u00a0»\u00a0: 5\u00a0%\u00a0; 3\u00a0$");
  EXPECT_EQ(english_typography("it's 5%: so"), "it\u2019s 5%: so");
}

TEST(Voice, BeginsSentencesWithACapital) {
  EXPECT_EQ(capitalised("octobre"), "Octobre");
  EXPECT_EQ(capitalised("à échoir"), "À échoir");
  EXPECT_EQ(capitalised("10 mois"), "10 mois");
  EXPECT_EQ(Voice(Language::french).sentence("l'an : 5 %"), "L\u2019an\u00a0: 5\u00a0%.");
}

TEST(Voice, WritesAmountsAsEachLanguageDoes) {
  const Voice french(Language::french);
  const Voice english(Language::english);
  EXPECT_EQ(french.money(Cents(-123456)), "\u22121\u00a0234,56\u00a0$");
  EXPECT_EQ(english.money(Cents(-123456)), "\u2212$1,234.56");
  EXPECT_EQ(french.dollars(Cents(1980049)), "19\u00a0800\u00a0$");
  EXPECT_EQ(english.dollars(Cents(1980050)), "$19,801");
  EXPECT_EQ(french.percent({-12300}), "\u221212,3\u00a0%");
  EXPECT_EQ(french.month_name(parse_month("2026-04")), "avr.");
  EXPECT_EQ(french.say("du {} au {}", "{} to {}", french.long_day(core::parse_date("2026-04-01")),
                       french.long_day(core::parse_date("2027-03-31"))),
            "du 1ᵉʳ avril 2026 au 31 mars 2027");
}

TEST(MoneyScale, HasRoundMarksAroundAllAmounts) {
  const MoneyScale scale(Cents(-30000), Cents(2400000), 10, 210);
  EXPECT_EQ(scale.marks().front(), Cents(-500000));
  EXPECT_EQ(scale.marks().back(), Cents(2500000));
  EXPECT_EQ(scale.place(scale.marks().front()), 210);
  EXPECT_EQ(scale.place(scale.marks().back()), 10);
  EXPECT_EQ(MoneyScale(Cents(0), Cents(0), 0, 100).place(Cents(0)), 100);
}

TEST(Post, IsExplainedFromATenthAnd250DollarsOn) {
  Post post;
  post.plan = Cents(100000);
  post.year = Cents(125000);
  EXPECT_FALSE(post.must_be_explained()); // exactly 250 $
  post.year = Cents(125001);
  EXPECT_TRUE(post.must_be_explained());
  post.year = Cents(74999);
  EXPECT_TRUE(post.must_be_explained());
  post.plan = Cents(1000000);
  post.year = Cents(1100000); // exactly a tenth
  EXPECT_FALSE(post.must_be_explained());
  post.year = Cents(1100001);
  EXPECT_TRUE(post.must_be_explained());
}

MonthlyReport well() {
  auto report = sample_report();
  report.forecast.verdict = Verdict::lasts;
  report.reconciliation.invoices.clear();
  report.upcoming.clear();
  return report;
}

TEST(Assessment, IsGreenWhenNothingIsAsked) {
  const auto assessment = assess(well());
  EXPECT_EQ(assessment.light, Light::green);
  EXPECT_TRUE(assessment.decisions.empty());
}

TEST(Assessment, TakesTheWorstOfItsReasons) {
  auto report = well();
  report.forecast.verdict = Verdict::may_fall_short;
  EXPECT_EQ(assess(report).light, Light::amber);
  report.forecast.verdict = Verdict::falls_short;
  EXPECT_EQ(assess(report).light, Light::red);
  report.forecast.verdict = Verdict::lasts;
  report.reconciliation = sample_report().reconciliation;
  ASSERT_EQ(assess(report).decisions.size(), 1U);
  EXPECT_EQ(assess(report).decisions[0].code, DecisionCode::contest_invoice);
  EXPECT_EQ(assess(report).light, Light::amber);
}

TEST(Assessment, WarnsOfWhatIsDueSoonAndOfWhatWasDue) {
  auto report = well();
  const auto due = [&](const char* day) {
    report.upcoming = {{core::parse_date(day), UpcomingKind::funder_report, "formulaire 300",
                        "Form 300", std::nullopt}};
    return assess(report);
  };
  EXPECT_TRUE(due("2027-03-01").decisions.empty()); // far
  EXPECT_EQ(due("2026-12-01").decisions.size(), 1U);
  EXPECT_EQ(due("2026-12-01").light, Light::green);
  EXPECT_EQ(due("2026-10-31").light, Light::red); // over
}

TEST(Box, SaysInWordsWhatItsColourSays) {
  auto report = sample_report();
  const Voice voice(Language::french);
  EXPECT_THAT(compose_box(report, voice).sentence, HasSubstr("Jaune"));
  EXPECT_THAT(compose_box(report, voice).headline,
              HasSubstr("Octobre 2026 — Fonds F-1234, CRSH 435-2026-0000 — exercice du 1ᵉʳ avril"));
  report.assessment = {};
  const auto box = compose_box(report, voice);
  EXPECT_THAT(box.sentence, HasSubstr("Vert"));
  EXPECT_EQ(box.decisions_title, "Aucune décision n\u2019est demandée.");
}

TEST(Figures, SayInWordsAndInATableWhatTheyDraw) {
  const auto report = sample_report();
  const Voice voice(Language::french);
  const auto waterfall = draw_waterfall(report, voice);
  Cents sum;
  for (const auto& row : waterfall.data.rows) {
    if (&row != &waterfall.data.rows.back()) sum += std::get<Cents>(row.cells[1]);
  }
  EXPECT_EQ(sum, std::get<Cents>(waterfall.data.rows.back().cells[1]));
  EXPECT_EQ(sum, *report.balance.available());
  EXPECT_THAT(waterfall.alternative, HasSubstr(voice.money(sum)));
  EXPECT_EQ(draw_course(report, voice).data.rows.size(), 7U + 3U);
  EXPECT_THAT(draw_work(report, voice).alternative, HasSubstr("2 services"));
}

} // namespace
} // namespace intendance::billing
