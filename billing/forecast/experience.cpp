// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/experience.hpp"

#include "core/error.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

// What one would say of a fund without having seen any month of it. Standard deviations are shares
// of a usual month; the decision says where they come from.
constexpr auto usual_spread = Ratio::percent(64);   // the square of 0.8: months lie far apart
constexpr auto spread_weight = Ratio::whole(3);     // in months
constexpr auto level_variance = Ratio::percent(9);  // the square of 0.3: budgets miss by so much
constexpr auto season_variance = Ratio::percent(4); // the square of 0.2
constexpr auto dearest_month = Ratio::whole(3);     // of usual ones; more is no season
constexpr auto kept_a_month = Ratio::percent(90);   // of a month's weight when it is a month older
constexpr auto kept_a_year = Ratio::percent(50);    // and when a fiscal year lies between
constexpr auto usual_engaged_share = Ratio::percent(20);
constexpr auto engaged_share_weight = Ratio::whole(3); // in months
constexpr auto quiet_below = Ratio::percent(25);       // of a usual month
constexpr auto stops_in_a_month = Ratio::percent(5);   // how likely it is that spending ends
constexpr int oldest_month = -48;
constexpr int rounds = 3; // after which level, spread and quiet months agree

int year_of(int index) { return index >= 0 ? 0 : (index - 11) / 12; }
std::size_t month_in_year(int index) {
  return static_cast<std::size_t>(index - 12 * year_of(index));
}

class Learner {
public:
  explicit Learner(const ForecastInput& input)
      : input_(input), now_(position_in(input.year, input.today)),
        first_(month_of(input.year.days.from)) {}

  Experience learn() {
    result_.spread = usual_spread;
    result_.goes_on = Ratio::whole(1);
    collect_months();
    read_plan();
    collect_earlier_years();
    for (int round = 0; round < rounds; ++round) {
      estimate_season();
      estimate_level();
      if (result_.level <= Fine(0)) break;
      estimate_spread();
      look_for_quiet_months();
    }
    estimate_engaged_share();
    return std::move(result_);
  }

private:
  int index_of(Month month) const { return static_cast<int>((month - first_).count()); }

  void collect_months() {
    const int last = std::min(now_.month, 11);
    int begin = last + 1;
    for (const auto& spent : input_.spent) {
      const int index = index_of(spent.month);
      const bool worked = spent.ordinary != Cents(0) || spent.engaged != Cents(0);
      if (index >= oldest_month && worked) begin = std::min(begin, index);
    }
    for (int index = begin; index <= last; ++index) {
      result_.months.push_back(
          {index, Fine(0), Fine(0), index == now_.month ? now_.part : Ratio::whole(1)});
    }
    for (const auto& spent : input_.spent) {
      const int index = index_of(spent.month);
      if (index < begin || index > last) continue;
      auto& month = result_.months.at(static_cast<std::size_t>(index - begin));
      month.amount += fine(spent.ordinary + spent.engaged);
      month.engaged += fine(spent.engaged);
    }
  }

  // A plan of nothing says nothing of what is spent all the same.
  void read_plan() {
    shape_.fill(Ratio::whole(1));
    Cents whole;
    for (const auto month : input_.plan) whole += std::max(month, Cents(0));
    if (whole > Cents(0)) {
      for (std::size_t month = 0; month < 12; ++month) {
        const auto planned = std::max(input_.plan.at(month), Cents(0)).count();
        shape_.at(month) = Ratio::millionths(proportion(planned, 12 * Ratio::scale, whole.count()));
      }
    }
    auto planned = input_.budget.value_or(Cents(0));
    for (const auto& spent : input_.spent) {
      const int index = index_of(spent.month);
      if (index >= 0 && index <= std::min(now_.month, 11)) planned = planned - spent.recurring;
    }
    for (const auto& due : input_.due) {
      if (due.day >= input_.today && due.day <= input_.year.days.to) planned = planned - due.amount;
    }
    if (planned > Cents(0)) result_.planned = Fine(proportion(fine(planned).count(), 1, 12));
  }

  // Each whole earlier year as shares of its usual month.
  void collect_earlier_years() {
    for (int year = oldest_month / 12; year < 0; ++year) {
      Fine whole;
      int count = 0;
      for (const auto& month : result_.months) {
        if (year_of(month.index) != year || month.part < Ratio::whole(1)) continue;
        whole += month.amount;
        ++count;
      }
      if (count < 12 || whole <= Fine(0)) continue;
      for (const auto& month : result_.months) {
        if (year_of(month.index) != year) continue;
        const auto share = Ratio::of(proportion(month.amount.count(), 12, 1), whole.count());
        seen_.at(month_in_year(month.index)) += std::clamp(share, Ratio(), dearest_month);
      }
      ++result_.earlier_years;
    }
  }

  void estimate_season() {
    const auto plan_years = result_.spread / season_variance;
    Ratio sum;
    for (std::size_t month = 0; month < 12; ++month) {
      result_.season.at(month) = (plan_years * shape_.at(month) + seen_.at(month)) /
                                 (plan_years + Ratio::whole(result_.earlier_years));
      sum += result_.season.at(month);
    }
    for (auto& each : result_.season) each = each * Ratio::whole(12) / sum;
  }

  Ratio weight(const KnownMonth& month) const {
    auto weight = month.part;
    for (int age = std::max(now_.month, 0); age > std::max(month.index, 0); --age) {
      weight = weight * kept_a_month;
    }
    for (int age = month.index; age < 0; ++age) weight = weight * kept_a_month;
    for (int year = year_of(month.index); year < 0; ++year) weight = weight * kept_a_year;
    // If spending has stopped, the quiet months say nothing of what a month with spending costs.
    return is_quiet(month) ? weight * result_.goes_on : weight;
  }
  bool is_quiet(const KnownMonth& month) const { return month.index >= first_quiet_; }

  Fine expected(const KnownMonth& month) const {
    return result_.level * result_.season.at(month_in_year(month.index)) * month.part;
  }

  // Credibility: the plan counts as many months as make its error that of their mean.
  void estimate_level() {
    result_.plan_weight = result_.planned > Fine(0) ? result_.spread / level_variance : Ratio();
    auto sum = result_.planned * result_.plan_weight;
    auto parts = result_.plan_weight;
    result_.months_weight = Ratio();
    for (const auto& month : result_.months) {
      const auto counts = weight(month);
      if (month.part == Ratio()) continue;
      sum += month.amount * (counts / month.part);
      parts += counts * result_.season.at(month_in_year(month.index));
      result_.months_weight += counts;
    }
    result_.level = Fine(0);
    if (parts > Ratio()) {
      result_.level = Fine(proportion(sum.count(), Ratio::scale, parts.in_millionths()));
    }
    // Less than a cent, or less than nothing after reversals, is no level to measure months by.
    if (result_.level < fine(Cents(1))) result_.level = Fine(0);
  }

  // The current month is left out: what part of it is over says little of what is spent in it.
  void estimate_spread() {
    auto sum = usual_spread * spread_weight;
    auto parts = spread_weight;
    for (const auto& month : result_.months) {
      if (month.part < Ratio::whole(1)) continue;
      const auto off = std::clamp((month.amount - expected(month)) / result_.level,
                                  Ratio() - dearest_month, dearest_month);
      const auto counts = weight(month);
      sum += counts * square(off);
      parts += counts;
    }
    result_.spread = sum / parts;
  }

  bool almost_nothing(const KnownMonth& month) const {
    const auto usual = result_.level * result_.season.at(month_in_year(month.index));
    return usual > Fine(0) && month.amount <= usual * quiet_below;
  }

  // How likely it is that the last quiet months are like earlier ones, against that spending ended
  // before one of them (by Bayes' rule; a fund that is often quiet says little by being so).
  void look_for_quiet_months() {
    auto end = result_.months.cend();
    // Of a month that has only begun, spending says more than the lack of it.
    if (end != result_.months.cbegin() && std::prev(end)->part < Ratio::whole(1) &&
        almost_nothing(*std::prev(end))) {
      --end;
    }
    auto quiet = end;
    while (quiet != result_.months.cbegin() && almost_nothing(*std::prev(quiet))) --quiet;
    first_quiet_ = quiet == end ? 12 : quiet->index;
    result_.quiet = static_cast<int>(end - quiet);
    auto by_luck = Ratio::whole(1);
    Ratio ended;
    for (auto month = quiet; month != end; ++month) {
      ended += stops_in_a_month * by_luck;
      by_luck = by_luck * chance_of_quiet(month->index);
    }
    result_.goes_on = by_luck / (by_luck + ended);
  }

  // Of a month while spending goes on: as often as months before were quiet, and the same one in
  // earlier years in particular.
  Ratio chance_of_quiet(int index) const {
    int months = 0, quiet = 0, same = 0, same_quiet = 0;
    for (const auto& month : result_.months) {
      if (month.index >= first_quiet_) break;
      const int is_quiet = almost_nothing(month) ? 1 : 0;
      const int is_same = month_in_year(month.index) == month_in_year(index) ? 1 : 0;
      ++months;
      quiet += is_quiet;
      same += is_same;
      same_quiet += is_same * is_quiet;
    }
    const auto any = Ratio::of(quiet * 2 + 1, (months + 5) * 2);
    return (any + Ratio::whole(same_quiet)) / Ratio::whole(same + 1);
  }

  void estimate_engaged_share() {
    auto engaged = result_.planned * usual_engaged_share * engaged_share_weight;
    auto whole = result_.planned * engaged_share_weight;
    for (const auto& month : result_.months) {
      engaged += month.engaged;
      whole += month.amount;
    }
    result_.engaged_share = whole > Fine(0) ? std::clamp(engaged / whole, Ratio(), Ratio::whole(1))
                                            : usual_engaged_share;
  }

  const ForecastInput& input_;
  const Position now_;
  const Month first_;
  Experience result_;
  std::array<Ratio, 12> shape_{}; // of the plan
  std::array<Ratio, 12> seen_{};  // sums over earlier years
  int first_quiet_ = 12;
};

} // namespace

Experience learn(const ForecastInput& input) {
  if (!input.plan.empty() && input.plan.size() != 12) {
    throw core::Error("a plan of " + std::to_string(input.plan.size()) +
                      " months cannot be used; give the amounts of twelve, or none");
  }
  return Learner(input).learn();
}

Position position_in(const FiscalYear& year, Date day) {
  const auto months = month_of(day) - month_of(year.days.from);
  const auto length = static_cast<unsigned>(days_of(month_of(day)).to.day());
  return {static_cast<int>(months.count()),
          Ratio::of(static_cast<unsigned>(day.day()) - 1, length)};
}

} // namespace intendance::billing
