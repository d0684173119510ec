// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/forecast.hpp"
#include "core/error.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace intendance::billing {
namespace {

// The grant year 2026: 1 April 2026 to 31 March 2027, 12 000 $.
ForecastInput grant_year(const std::string& today) {
  ForecastInput input;
  input.year = fiscal_year(2026, 4);
  input.budget = Cents(1'200'000);
  input.today = core::parse_date(today);
  return input;
}

Month month(int number) { return parse_month("2026-04") + std::chrono::months(number); }

// As much in each of the first months; a negative number begins in earlier years.
void spend(ForecastInput& input, int from, int to, std::int64_t cents) {
  for (int number = from; number < to; ++number) {
    input.spent.push_back({month(number), Cents(cents), Cents(0), Cents(0)});
  }
}

const Reason* find(const std::vector<Reason>& reasons, ReasonCode code) {
  const auto found = std::find_if(reasons.begin(), reasons.end(),
                                  [&](const Reason& each) { return each.code == code; });
  return found == reasons.end() ? nullptr : &*found;
}

void expect_sound(const Forecast& forecast) {
  EXPECT_LE(forecast.cost.low, forecast.cost.middle);
  EXPECT_LE(forecast.cost.middle, forecast.cost.high);
  EXPECT_GE(forecast.cost.low, forecast.spent + forecast.due);
  EXPECT_FALSE(forecast.cost_reasons.empty());
  if (!forecast.budget) return;
  EXPECT_LE(forecast.unspent->low, forecast.unspent->middle);
  EXPECT_LE(forecast.unspent->middle, forecast.unspent->high);
  EXPECT_GE(forecast.unspent->low, Cents(0));
  if (forecast.exhausted && forecast.exhausted_early) {
    EXPECT_LE(*forecast.exhausted_early, *forecast.exhausted);
  }
}

TEST(Forecast, OfNoMonthFollowsThePlan) {
  const auto forecast = forecast_year(grant_year("2026-04-01"));
  expect_sound(forecast);
  // The median of what is skewed lies below its mean, which is the plan's.
  EXPECT_GT(forecast.cost.middle, Cents(1'000'000));
  EXPECT_LT(forecast.cost.middle, Cents(1'200'000));
  EXPECT_LT(forecast.cost.low, Cents(900'000));
  EXPECT_GT(forecast.cost.high, Cents(1'500'000));
  EXPECT_EQ(forecast.verdict, Verdict::may_fall_short);
  EXPECT_EQ(find(forecast.cost_reasons, ReasonCode::plan_alone)->amount, Cents(100'000));
  EXPECT_EQ(forecast.free_a_month, Cents(100'000));
}

TEST(Forecast, BeforeTheYearFollowsThePlanToo) {
  const auto before = forecast_year(grant_year("2026-02-15"));
  const auto first = forecast_year(grant_year("2026-04-01"));
  EXPECT_EQ(before.cost.middle, first.cost.middle);
  EXPECT_EQ(before.free_a_month, first.free_a_month);
}

TEST(Forecast, OfAllMonthsIsWhatWasSpent) {
  auto input = grant_year("2027-04-01");
  spend(input, 0, 12, 90'000);
  input.due = {{core::parse_date("2027-06-01"), Cents(5'000)}};
  input.engagements = {{Cents(70'000), std::nullopt}};
  const auto forecast = forecast_year(input);
  expect_sound(forecast);
  EXPECT_EQ(forecast.cost.low, Cents(1'080'000));
  EXPECT_EQ(forecast.cost.high, Cents(1'080'000));
  EXPECT_EQ(forecast.exhausted, std::nullopt);
  EXPECT_EQ(forecast.free, std::nullopt);
  EXPECT_FALSE(forecast.underspending); // it is too late for a warning
  EXPECT_EQ(forecast.verdict, Verdict::lasts);
  EXPECT_EQ(find(forecast.cost_reasons, ReasonCode::year_over)->amount, Cents(1'080'000));
  EXPECT_TRUE(forecast.budget_reasons.empty());
}

TEST(Forecast, NarrowsMonthByMonth) {
  Cents before(10'000'000);
  for (int known = 1; known < 12; ++known) {
    auto input = grant_year("2026-04-01");
    input.today = days_of(month(known)).from;
    spend(input, 0, known, 100'000);
    const auto forecast = forecast_year(input);
    expect_sound(forecast);
    const auto width = forecast.cost.high - forecast.cost.low;
    EXPECT_LT(width, before) << known;
    before = width;
    EXPECT_NEAR(static_cast<double>(forecast.cost.middle.count()), 1'200'000, 110'000) << known;
  }
}

TEST(Forecast, WithoutABudgetFollowsWhatWasSpent) {
  auto input = grant_year("2026-10-01");
  input.budget.reset();
  spend(input, 0, 6, 50'000);
  const auto forecast = forecast_year(input);
  expect_sound(forecast);
  EXPECT_NEAR(static_cast<double>(forecast.cost.middle.count()), 600'000, 30'000);
  EXPECT_EQ(forecast.verdict, Verdict::no_budget);
  EXPECT_EQ(forecast.exhausted, std::nullopt);
  EXPECT_EQ(forecast.unspent, std::nullopt);
  EXPECT_EQ(find(forecast.cost_reasons, ReasonCode::pace)->other, Cents(0));
}

TEST(Forecast, OfNothingAtAllIsNothing) {
  auto input = grant_year("2026-10-01");
  input.budget.reset();
  const auto forecast = forecast_year(input);
  EXPECT_EQ(forecast.cost.high, Cents(0));
  EXPECT_NE(find(forecast.cost_reasons, ReasonCode::nothing_known), nullptr);
}

TEST(Forecast, ABudgetOfZeroIsExceededByTheFirstCent) {
  auto input = grant_year("2026-10-01");
  input.budget = Cents(0);
  auto forecast = forecast_year(input);
  EXPECT_EQ(forecast.cost.high, Cents(0));
  EXPECT_EQ(forecast.verdict, Verdict::lasts);
  EXPECT_EQ(forecast.exhausted, std::nullopt);
  EXPECT_FALSE(forecast.underspending);
  spend(input, 0, 1, 1);
  forecast = forecast_year(input);
  EXPECT_EQ(forecast.verdict, Verdict::overspent);
  EXPECT_EQ(forecast.exhausted, input.today);
  EXPECT_EQ(find(forecast.budget_reasons, ReasonCode::overspent)->amount, Cents(1));
}

// To have spent exactly all of it is well; the next cent is not.
TEST(Forecast, ExactlySpentIsNotOverspent) {
  auto input = grant_year("2027-03-31");
  spend(input, 0, 12, 100'000);
  auto forecast = forecast_year(input);
  EXPECT_EQ(forecast.spent, *forecast.budget);
  EXPECT_EQ(forecast.verdict, Verdict::falls_short); // a day is left, on which work is usual
  EXPECT_EQ(forecast.exhausted, input.today);
  input.today = core::parse_date("2027-04-01");
  forecast = forecast_year(input);
  EXPECT_EQ(forecast.verdict, Verdict::lasts);
  EXPECT_EQ(forecast.unspent->middle, Cents(0));
  input.spent.back().ordinary += Cents(1);
  EXPECT_EQ(forecast_year(input).verdict, Verdict::overspent);
}

TEST(Forecast, SaysWhenTheBudgetIsExhausted) {
  auto input = grant_year("2026-10-01");
  spend(input, 0, 6, 180'000); // 10 800 $ of 12 000 $ in half a year
  const auto forecast = forecast_year(input);
  expect_sound(forecast);
  EXPECT_EQ(forecast.verdict, Verdict::falls_short);
  EXPECT_GT(*forecast.exhausted, core::parse_date("2026-10-15"));
  EXPECT_LT(*forecast.exhausted, core::parse_date("2026-11-30"));
  const auto* reason = find(forecast.budget_reasons, ReasonCode::falls_short);
  EXPECT_EQ(reason->amount, forecast.cost.middle - *forecast.budget);
  EXPECT_EQ(reason->day, forecast.exhausted);
}

TEST(Forecast, SaysHowLongTheBudgetWouldLastBeyondTheYear) {
  auto input = grant_year("2027-01-01");
  spend(input, 0, 9, 50'000);
  const auto forecast = forecast_year(input);
  EXPECT_GT(*forecast.exhausted, core::parse_date("2027-09-01"));
  EXPECT_LT(*forecast.exhausted, core::parse_date("2028-06-01"));
  EXPECT_EQ(forecast.verdict, Verdict::underspent);
}

TEST(Forecast, WarnsOfWhatWillStayUnusedWhileThereIsTime) {
  auto input = grant_year("2026-12-15");
  spend(input, 0, 8, 30'000);
  const auto forecast = forecast_year(input);
  EXPECT_TRUE(forecast.underspending);
  const auto* reason = find(forecast.budget_reasons, ReasonCode::underspent);
  ASSERT_NE(reason, nullptr);
  EXPECT_EQ(reason->amount, forecast.unspent->middle);
  EXPECT_EQ(reason->day, core::parse_date("2027-03-31"));
  EXPECT_GT(reason->percent, 50);
  // A university's fund is warned of before its own year's end.
  input.year = fiscal_year(2026, 5);
  EXPECT_EQ(find(forecast_year(input).budget_reasons, ReasonCode::underspent)->day,
            core::parse_date("2027-04-30"));
}

TEST(Forecast, ASmallRestIsNoUnderspending) {
  auto input = grant_year("2027-03-31");
  spend(input, 0, 11, 100'000);
  spend(input, 11, 12, 70'000); // 300 $, less than a tenth
  EXPECT_FALSE(forecast_year(input).underspending);
  input.budget = Cents(100'000);
  input.spent.resize(1);
  input.spent[0].ordinary = Cents(76'000); // 240 $ of 1000 $, less than 250 $
  EXPECT_FALSE(forecast_year(input).underspending);
  input.spent[0].ordinary = Cents(70'000);
  EXPECT_TRUE(forecast_year(input).underspending);
}

TEST(Forecast, TakesReversalsAsTheyAre) {
  auto input = grant_year("2026-08-01");
  spend(input, 0, 3, 60'000);
  spend(input, 3, 4, -170'000); // May's work was on the wrong fund
  const auto forecast = forecast_year(input);
  expect_sound(forecast);
  EXPECT_EQ(forecast.spent, Cents(10'000));
  // Nothing but reversals: spending is not expected to be negative.
  input.spent.clear();
  input.budget.reset();
  spend(input, 0, 4, -5'000);
  const auto negative = forecast_year(input);
  EXPECT_EQ(negative.cost.low, Cents(-20'000));
  EXPECT_EQ(negative.cost.high, Cents(-20'000));
}

TEST(Forecast, CountsAPartOfAMonth) {
  // 29 days of which 14 are over: February of a leap year.
  ForecastInput input = grant_year("2028-02-15");
  input.year = fiscal_year(2027, 4);
  const auto leap = forecast_year(input);
  input.today = core::parse_date("2028-02-29");
  const auto last = forecast_year(input);
  EXPECT_LT(last.cost.middle, leap.cost.middle);
  EXPECT_GT(last.cost.middle, Cents(0));
  expect_sound(last);
  // Half a month as dear as half a usual one changes nothing of the pace.
  auto steady = grant_year("2026-09-01");
  spend(steady, 0, 5, 100'000);
  const auto whole = forecast_year(steady);
  steady.today = core::parse_date("2026-09-16");
  spend(steady, 5, 6, 50'000);
  const auto half = forecast_year(steady);
  EXPECT_EQ(find(whole.cost_reasons, ReasonCode::pace)->amount,
            find(half.cost_reasons, ReasonCode::pace)->amount);
}

TEST(Forecast, LearnsTheSeasonFromEarlierYears) {
  auto input = grant_year("2026-07-01");
  for (int year = 1; year <= 3; ++year) {
    for (int number = 0; number < 12; ++number) {
      // July and August cost nothing, the last two months double.
      const std::int64_t cents = number == 3 || number == 4 ? 0 : number >= 10 ? 200'000 : 100'000;
      spend(input, number - 12 * year, number - 12 * year + 1, cents);
    }
  }
  spend(input, 0, 3, 100'000);
  const auto forecast = forecast_year(input);
  expect_sound(forecast);
  const auto* season = find(forecast.cost_reasons, ReasonCode::season);
  EXPECT_EQ(season, nullptr) << "the slack and the rush are both to come";
  input.today = core::parse_date("2026-09-01");
  spend(input, 3, 5, 0);
  const auto later = forecast_year(input);
  season = find(later.cost_reasons, ReasonCode::season);
  ASSERT_NE(season, nullptr);
  EXPECT_EQ(season->count, 3);
  EXPECT_GT(season->percent, 105);
  EXPECT_EQ(find(later.cost_reasons, ReasonCode::quiet), nullptr)
      << "two months of a usual slack are nothing to wonder at";
}

TEST(Forecast, FollowsAPlanByTheMonth) {
  auto input = grant_year("2026-10-01");
  input.plan.assign(12, Cents(0));
  for (std::size_t number = 6; number < 12; ++number) input.plan[number] = Cents(200'000);
  const auto forecast = forecast_year(input);
  EXPECT_GT(forecast.cost.middle, Cents(900'000)); // all of it is still to come
  input.plan.pop_back();
  EXPECT_THROW(forecast_year(input), core::Error);
}

TEST(Forecast, DoubtsThatWhatHasStoppedGoesOn) {
  auto input = grant_year("2026-12-01");
  spend(input, 0, 5, 100'000);
  const auto stopped = forecast_year(input);
  expect_sound(stopped);
  const auto* quiet = find(stopped.cost_reasons, ReasonCode::quiet);
  ASSERT_NE(quiet, nullptr);
  EXPECT_EQ(quiet->count, 3);
  EXPECT_LT(quiet->percent, 20);
  EXPECT_EQ(stopped.cost.low, stopped.spent);
  // One session, and it has not.
  spend(input, 7, 8, 80'000);
  EXPECT_EQ(find(forecast_year(input).cost_reasons, ReasonCode::quiet), nullptr);
}

TEST(Forecast, AddsWhatIsEngagedBeyondTheUsual) {
  auto input = grant_year("2026-10-01");
  spend(input, 0, 6, 50'000);
  const auto without = forecast_year(input);
  input.engagements = {{Cents(20'000), core::parse_date("2026-11-15")}};
  const auto small = forecast_year(input);
  EXPECT_NEAR(static_cast<double>((small.cost.middle - without.cost.middle).count()), 0, 15'000)
      << "engaged work is part of what is usual";
  EXPECT_EQ(small.engaged, Cents(20'000));
  input.engagements = {{Cents(500'000), core::parse_date("2027-02-15")}};
  const auto large = forecast_year(input);
  expect_sound(large);
  EXPECT_GT(large.cost.middle, without.cost.middle + Cents(300'000));
  // What should be done long after the year's end is only in part this year's.
  input.engagements[0].until = core::parse_date("2028-10-01");
  EXPECT_LT(forecast_year(input).cost.middle, large.cost.middle);
  const auto later = forecast_year(input);
  EXPECT_EQ(find(later.cost_reasons, ReasonCode::engagements)->other, Cents(500'000));
  EXPECT_LT(find(later.cost_reasons, ReasonCode::engagements)->amount, Cents(150'000));
}

TEST(Forecast, CountsKnownCostsToTheCentAndOnTheirDay) {
  auto input = grant_year("2027-03-01");
  input.budget = Cents(100'000);
  input.due = {{core::parse_date("2027-03-10"), Cents(99'999)},
               {core::parse_date("2027-03-20"), Cents(2)},
               {core::parse_date("2027-04-02"), Cents(50'000)}};
  const auto forecast = forecast_year(input);
  EXPECT_EQ(forecast.due, Cents(100'001));
  EXPECT_EQ(forecast.cost.high, Cents(100'001));
  EXPECT_EQ(forecast.exhausted, core::parse_date("2027-03-20"));
  EXPECT_EQ(find(forecast.cost_reasons, ReasonCode::recurring)->count, 2);
}

TEST(Forecast, DoesNotDependOnTheOrderOfMonths) {
  auto input = grant_year("2026-10-10");
  for (int number = -9; number < 7; ++number) {
    spend(input, number, number + 1, 10'000 * ((number + 9) % 5));
  }
  const auto forecast = forecast_year(input);
  std::reverse(input.spent.begin(), input.spent.end());
  const auto reversed = forecast_year(input);
  EXPECT_EQ(forecast.cost.middle, reversed.cost.middle);
  EXPECT_EQ(forecast.cost.high, reversed.cost.high);
  // Months after today's are another day's.
  spend(input, 7, 9, 999'999);
  EXPECT_EQ(forecast_year(input).cost.middle, forecast.cost.middle);
}

// These figures change only with the method: the arithmetic is the same on every machine.
TEST(Forecast, GivesTheSameCentsEverywhere) {
  auto input = grant_year("2026-10-10");
  const std::int64_t months[] = {41'067, 0, 128'320, 96'240, 12'832, 64'160, 19'248};
  int number = 0;
  for (const auto cents : months) {
    spend(input, number, number + 1, cents);
    ++number;
  }
  input.engagements = {{Cents(128'320), std::nullopt}};
  input.due = {{core::parse_date("2027-01-15"), Cents(2'874)}};
  const auto forecast = forecast_year(input);
  EXPECT_EQ(forecast.cost.low, Cents(666'965));
  EXPECT_EQ(forecast.cost.middle, Cents(865'806));
  EXPECT_EQ(forecast.cost.high, Cents(1'136'956));
}

// What was spent and taken back leaves almost nothing to measure months by.
TEST(Forecast, BearsLargeAmountsThatCancelOut) {
  auto input = grant_year("2026-10-10");
  input.budget.reset();
  spend(input, 0, 1, 99'999'999'999);
  spend(input, 1, 2, -99'999'999'998);
  expect_sound(forecast_year(input));
  input.budget = Cents(100'000'000'000);
  expect_sound(forecast_year(input));
}

TEST(Forecast, RefusesAmountsThatCannotBeCounted) {
  auto input = grant_year("2026-10-10");
  spend(input, 0, 2, std::int64_t{1} << 62);
  EXPECT_THROW(forecast_year(input), core::Error);
}

} // namespace
} // namespace intendance::billing
