// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/reasons.hpp"

#include "billing/forecast/path.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>

namespace intendance::billing {
namespace {

constexpr std::int64_t worth_saying = 3; // percent by which a season differs from equal months
constexpr auto little_doubt = Ratio::percent(80);

Reason reason(ReasonCode code, Cents amount = {}, Cents other = {}) {
  Reason reason;
  reason.code = code;
  reason.amount = amount;
  reason.other = other;
  return reason;
}

void add_pace(std::vector<Reason>& reasons, const Experience& experience) {
  const auto months = std::count_if(experience.months.begin(), experience.months.end(),
                                    [](const KnownMonth& month) { return month.part > Ratio(); });
  const auto planned = to_cents(experience.planned);
  if (months == 0) {
    reasons.push_back(experience.planned > Fine(0) ? reason(ReasonCode::plan_alone, planned)
                                                   : reason(ReasonCode::nothing_known));
    return;
  }
  auto pace = reason(ReasonCode::pace, to_cents(experience.level), planned);
  pace.count = months;
  pace.percent =
      (experience.plan_weight / (experience.plan_weight + experience.months_weight)).in_percent();
  reasons.push_back(pace);
  auto spread = reason(ReasonCode::spread);
  spread.percent = square_root(experience.spread).in_percent();
  reasons.push_back(spread);
}

void add_season(std::vector<Reason>& reasons, const ForecastInput& input,
                const Experience& experience, Ratio months) {
  std::array<Ratio, 12> equal{};
  equal.fill(Ratio::whole(1));
  auto season = reason(ReasonCode::season);
  season.count = experience.earlier_years;
  season.percent = (months / Path::months_left(input.year, input.today, equal)).in_percent();
  if (std::abs(season.percent - 100) >= worth_saying) reasons.push_back(season);
}

} // namespace

std::vector<Reason> reasons_of_cost(const ForecastInput& input, const Experience& experience,
                                    const Forecast& forecast, const RestFigures& rest) {
  if (input.today > input.year.days.to) return {reason(ReasonCode::year_over, forecast.spent)};
  std::vector<Reason> reasons;
  add_pace(reasons, experience);
  add_season(reasons, input, experience, rest.months);
  if (experience.quiet > 0 && experience.goes_on < little_doubt) {
    auto quiet = reason(ReasonCode::quiet);
    quiet.count = experience.quiet;
    quiet.percent = experience.goes_on.in_percent();
    reasons.push_back(quiet);
  }
  if (!input.engagements.empty()) {
    auto engaged = reason(ReasonCode::engagements, to_cents(rest.engagements), forecast.engaged);
    engaged.count = static_cast<std::int64_t>(input.engagements.size());
    reasons.push_back(engaged);
  }
  if (forecast.due != Cents(0)) {
    auto recurring = reason(ReasonCode::recurring, forecast.due);
    recurring.count = std::count_if(input.due.begin(), input.due.end(), [&](const DueCost& due) {
      return due.day >= input.today && due.day <= input.year.days.to;
    });
    reasons.push_back(recurring);
  }
  return reasons;
}

std::vector<Reason> reasons_of_budget(const Forecast& forecast) {
  if (!forecast.budget) return {reason(ReasonCode::no_budget)};
  const auto budget = *forecast.budget;
  const auto over = [&](Cents cost) { return cost - budget; };
  const auto dated = [](Reason each, const std::optional<Date>& day) {
    each.day = day;
    return each;
  };
  std::vector<Reason> reasons;
  if (forecast.spent > budget) {
    reasons.push_back(reason(ReasonCode::overspent, over(forecast.spent)));
  }
  if (forecast.today > forecast.year.days.to) return reasons;
  if (forecast.cost.middle > budget) {
    reasons.push_back(
        dated(reason(ReasonCode::falls_short, over(forecast.cost.middle)), forecast.exhausted));
  } else if (forecast.cost.high > budget) {
    reasons.push_back(dated(reason(ReasonCode::may_fall_short, over(forecast.cost.high)),
                            forecast.exhausted_early));
  } else {
    reasons.push_back(reason(ReasonCode::lasts, forecast.unspent->low));
  }
  if (forecast.underspending) {
    auto left = reason(ReasonCode::underspent, forecast.unspent->middle, forecast.unspent->low);
    left.percent = Ratio::of(left.amount.count(), budget.count()).in_percent();
    reasons.push_back(dated(left, forecast.year.days.to));
  }
  return reasons;
}

std::string_view reason_name(ReasonCode code) {
  switch (code) {
  case ReasonCode::year_over: return "year_over";
  case ReasonCode::nothing_known: return "nothing_known";
  case ReasonCode::plan_alone: return "plan_alone";
  case ReasonCode::pace: return "pace";
  case ReasonCode::season: return "season";
  case ReasonCode::spread: return "spread";
  case ReasonCode::quiet: return "quiet";
  case ReasonCode::engagements: return "engagements";
  case ReasonCode::recurring: return "recurring";
  case ReasonCode::no_budget: return "no_budget";
  case ReasonCode::overspent: return "overspent";
  case ReasonCode::falls_short: return "falls_short";
  case ReasonCode::may_fall_short: return "may_fall_short";
  case ReasonCode::lasts: return "lasts";
  case ReasonCode::underspent: return "underspent";
  }
  return "";
}

std::string_view verdict_name(Verdict verdict) {
  switch (verdict) {
  case Verdict::no_budget: return "no_budget";
  case Verdict::lasts: return "lasts";
  case Verdict::underspent: return "underspent";
  case Verdict::may_fall_short: return "may_fall_short";
  case Verdict::falls_short: return "falls_short";
  case Verdict::overspent: return "overspent";
  }
  return "";
}

} // namespace intendance::billing
