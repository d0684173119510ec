// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/forecast.hpp"

#include "billing/forecast/experience.hpp"
#include "billing/forecast/path.hpp"
#include "billing/forecast/ratio.hpp"
#include "billing/forecast/reasons.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr auto one = Ratio::whole(1);
// Standard deviations, as shares.
constexpr auto change_variance = Ratio::percent(8);      // of the level from now on: 0.28
constexpr auto engagement_variance = Ratio::percent(25); // of what engagements use: 0.5
constexpr auto most_variance = Ratio::whole(4);
constexpr auto used_of_engagements = Ratio::percent(80); // a rest is often voided
constexpr std::int64_t usual_engagement = 90;            // days, where nobody said until when
constexpr auto spends_again = Ratio::percent(20);        // what has stopped, within the year
constexpr auto low = Ratio::percent(10);
constexpr auto middle = Ratio::percent(50);
constexpr auto high = Ratio::percent(90);

std::int64_t days_between(Date from, Date to) {
  return (std::chrono::sys_days(to) - std::chrono::sys_days(from)).count();
}

// What the rest of the year costs beside what falls due, as a distribution: nothing more, when
// spending has stopped, and else a gamma distribution, as sums of few unequal amounts have.
class Rest {
public:
  Rest(const ForecastInput& input, const Experience& experience)
      : input_(input), experience_(experience) {
    if (input.today > input.year.days.to) return;
    months_ = Path::months_left(input.year, input.today, experience.season);
    const auto usual = experience.level * months_;
    const auto engaged_usual = usual * experience.engaged_share;
    engagements_ = engagements_used();
    // Open engagements are the next part of the engaged work that is usual. What is engaged beyond
    // that comes on top.
    mean_ = usual - engaged_usual + std::max(engaged_usual, engagements_);
    if (mean_ > Fine(0)) estimate_variance(usual);
  }

  Fine quantile(Ratio probability) const {
    const auto nothing = (one - experience_.goes_on) * (one - spends_again);
    if (mean_ <= Fine(0) || probability <= nothing) return Fine(0);
    const auto z = normal_quantile((probability - nothing) / (one - nothing));
    // Wilson and Hilferty: the cube root of a gamma variable is nearly normal.
    const auto ninth = variance_ / Ratio::whole(9);
    const auto root = std::max(Ratio(), one - ninth + z * square_root(ninth));
    return mean_ * (root * square(root));
  }

  Fine engagements() const { return engagements_; }
  Ratio months() const { return months_; }

private:
  Fine engagements_used() const {
    const auto days =
        days_between(std::max(input_.today, input_.year.days.from), input_.year.days.to) + 1;
    Fine sum;
    for (const auto& engagement : input_.engagements) {
      const bool known = engagement.until && *engagement.until > input_.today;
      const auto span = known ? days_between(input_.today, *engagement.until) : usual_engagement;
      const auto part = Ratio::of(std::min(days, span), span);
      sum += fine(std::max(engagement.left, Cents(0))) * part * used_of_engagements;
    }
    return sum;
  }

  // As a share of the mean's square. What is not engaged varies by the spread of months, by what is
  // not known of the level, and by how it changes; what is engaged by how much of it is used.
  void estimate_variance(Fine usual) {
    const auto open = (mean_ - engagements_) / mean_;
    const auto whole = usual / mean_;
    const auto month = months_ > Ratio() ? whole / months_ : Ratio(); // a usual one
    const auto months = experience_.plan_weight + experience_.months_weight;
    const auto unknown = experience_.spread / std::max(months, one);
    variance_ = square(month) * squares() * experience_.spread * open +
                square(whole) * (unknown + change_variance) * square(open) +
                engagement_variance * square(engagements_ / mean_);
    variance_ = std::min(variance_, most_variance);
  }

  // Of the remaining months' seasons.
  Ratio squares() const {
    const auto now = position_in(input_.year, input_.today);
    Ratio sum;
    for (int month = std::max(now.month, 0); month < 12; ++month) {
      const auto part = month == now.month ? one - now.part : one;
      sum += square(experience_.season.at(static_cast<std::size_t>(month))) * part;
    }
    return sum;
  }

  const ForecastInput& input_;
  const Experience& experience_;
  Ratio months_;
  Fine engagements_;
  Fine mean_;
  Ratio variance_;
};

Cents spent_in_year(const ForecastInput& input) {
  const auto last = std::min(input.today, input.year.days.to);
  Cents sum;
  for (const auto& spent : input.spent) {
    if (spent.month < month_of(input.year.days.from) || spent.month > month_of(last)) continue;
    sum += spent.ordinary + spent.engaged + spent.recurring;
  }
  return sum;
}

Cents due_in_year(const ForecastInput& input) {
  Cents sum;
  for (const auto& due : input.due) {
    if (due.day >= input.today && due.day <= input.year.days.to) sum += due.amount;
  }
  return sum;
}

Verdict verdict_of(const Forecast& forecast) {
  if (!forecast.budget) return Verdict::no_budget;
  if (forecast.spent > *forecast.budget) return Verdict::overspent;
  if (forecast.cost.middle > *forecast.budget) return Verdict::falls_short;
  if (forecast.cost.high > *forecast.budget) return Verdict::may_fall_short;
  return forecast.underspending ? Verdict::underspent : Verdict::lasts;
}

// As much as the monthly report explains a variance from: a tenth, and 250 $.
Cents worth_a_warning(Cents budget) {
  return std::max(Cents(proportion(budget.count(), 1, 10)), Cents(25'000));
}

void estimate_unspent(Forecast& forecast) {
  const auto left_of = [&](Cents cost) { return std::max(*forecast.budget - cost, Cents(0)); };
  forecast.unspent = Estimate{left_of(forecast.cost.high), left_of(forecast.cost.middle),
                              left_of(forecast.cost.low)};
  forecast.underspending = forecast.today <= forecast.year.days.to &&
                           forecast.unspent->low > Cents(0) &&
                           forecast.unspent->middle >= worth_a_warning(*forecast.budget);
}

void share_what_is_free(Forecast& forecast) {
  if (forecast.today > forecast.year.days.to) return;
  forecast.free = *forecast.budget - forecast.spent - forecast.engaged - forecast.due;
  std::array<Ratio, 12> equal{};
  equal.fill(one);
  // Within the last month: what is free, and not as if there were many such ends of a month.
  const auto months = std::max(one, Path::months_left(forecast.year, forecast.today, equal));
  forecast.free_a_month =
      Cents(proportion(forecast.free->count(), Ratio::scale, months.in_millionths()));
}

void look_for_exhaustion(const ForecastInput& input, const Experience& experience, const Rest& rest,
                         Forecast& forecast) {
  if (input.today > input.year.days.to) return;
  const auto available = fine(*forecast.budget - forecast.spent);
  const auto day = [&](Ratio probability) {
    return Path(input, experience.season, rest.quantile(probability)).exceeds(available);
  };
  forecast.exhausted = day(middle);
  forecast.exhausted_early = day(high);
}

} // namespace

Forecast forecast_year(const ForecastInput& input) {
  const auto experience = learn(input);
  const Rest rest(input, experience);
  Forecast forecast;
  forecast.year = input.year;
  forecast.today = input.today;
  forecast.budget = input.budget;
  forecast.spent = spent_in_year(input);
  forecast.due = due_in_year(input);
  for (const auto& engagement : input.engagements) forecast.engaged += engagement.left;
  const auto cost = [&](Ratio probability) {
    return forecast.spent + forecast.due + to_cents(rest.quantile(probability));
  };
  forecast.cost = {cost(low), cost(middle), cost(high)};
  if (forecast.budget) {
    estimate_unspent(forecast);
    share_what_is_free(forecast);
    look_for_exhaustion(input, experience, rest, forecast);
  }
  forecast.verdict = verdict_of(forecast);
  forecast.cost_reasons =
      reasons_of_cost(input, experience, forecast, {rest.months(), rest.engagements()});
  forecast.budget_reasons = reasons_of_budget(forecast);
  return forecast;
}

} // namespace intendance::billing
