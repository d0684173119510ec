// SPDX-License-Identifier: AGPL-3.0-or-later
// The year's spending as it adds up, against the plan, with what is likely to come.
#include "billing/report/compose.hpp"
#include "billing/report/svg.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr int width = 700;
constexpr int height = 330;
constexpr std::int64_t left = 84;
constexpr std::int64_t right = 690;
constexpr std::int64_t top = 14;
constexpr std::int64_t bottom = 262;
constexpr std::int64_t legend = 312;

class Course {
public:
  Course(const MonthlyReport& report, const Voice& voice)
      : report_(report), voice_(voice), days_(report.balance.year.days),
        scale_(Cents(0), highest(), top, bottom), svg_("course") {}

  Figure draw() {
    axes();
    fan();
    plan();
    actual();
    draw_legend();
    Figure figure;
    figure.name = "course";
    figure.title = voice_.say("Dépenses cumulées, plan et prévision",
                              "Cumulative spending, plan and forecast");
    figure.alternative = alternative();
    figure.svg = svg_.finish();
    figure.width = width;
    figure.height = height;
    figure.data = data();
    return figure;
  }

private:
  Cents highest() const {
    return std::max({report_.forecast.cost.high, report_.balance.budget.value_or(Cents(0)),
                     report_.balance.spent()});
  }
  Month first() const { return month_of(days_.from); }

  // The end of a day, among the year's twelve months of the same width.
  std::int64_t place(Date day) const {
    const auto months = (month_of(day) - first()).count();
    const auto length = static_cast<unsigned>(days_of(month_of(day)).to.day());
    return left + proportion(right - left, months * length + static_cast<unsigned>(day.day()),
                             std::int64_t{12} * length);
  }
  Point at(Date day, Cents amount) const { return {place(day), scale_.place(amount)}; }
  Point start(Cents amount) const { return {left, scale_.place(amount)}; }
  Date day_of(const SpentUntil& until) const {
    return std::min(days_of(until.month).to, report_.balance.as_of);
  }

  void axes() {
    for (const auto mark : scale_.marks()) {
      const auto y = scale_.place(mark);
      svg_.line({{left, y}, {right, y}}, mark == Cents(0) ? "axis" : "grid");
      svg_.text({left - 6, y + 4}, Anchor::end, voice_.dollars(mark));
    }
    for (int index = 0; index < 12; ++index) {
      const auto month = first() + std::chrono::months(index);
      const auto from = left + (right - left) * index / 12;
      const auto to = left + (right - left) * (index + 1) / 12;
      svg_.line({{to, bottom}, {to, bottom + 4}}, "axis");
      svg_.text({(from + to) / 2, bottom + 17}, Anchor::middle, voice_.month_name(month));
    }
    svg_.line({{left, top}, {left, bottom}}, "axis");
  }

  bool year_goes_on() const { return report_.balance.as_of < days_.to; }

  void fan() {
    if (!year_goes_on()) return;
    const auto& cost = report_.forecast.cost;
    const auto now = at(report_.balance.as_of, report_.balance.spent());
    svg_.polygon({now, at(days_.to, cost.high), at(days_.to, cost.low)}, Filling::hatched);
    svg_.line({now, at(days_.to, cost.middle)}, "forecast");
  }

  void plan() {
    if (!report_.balance.budget) return;
    const auto budget = *report_.balance.budget;
    svg_.line({start(Cents(0)), at(days_.to, budget)}, "plan");
    svg_.line({start(budget), at(days_.to, budget)}, "budget");
  }

  void actual() {
    std::vector<Point> points = {start(Cents(0))};
    for (const auto& until : report_.course) points.push_back(at(day_of(until), until.amount));
    svg_.line(points, "actual");
    for (const auto& point : points) svg_.dot(point);
  }

  void draw_legend() {
    const auto sample = [&](std::int64_t x, std::string_view style, const std::string& words) {
      svg_.line({{x, legend - 4}, {x + 34, legend - 4}}, style);
      svg_.text({x + 40, legend}, Anchor::start, words);
    };
    sample(left, "actual", voice_.say("réel", "actual"));
    svg_.dot({left + 17, legend - 4});
    if (report_.balance.budget) {
      sample(left + 100, "plan", voice_.say("plan", "plan"));
      sample(left + 200, "budget", voice_.say("budget", "budget"));
    }
    if (!year_goes_on()) return;
    sample(left + 310, "forecast", voice_.say("prévision", "forecast"));
    svg_.rectangle({left + 435, legend - 11}, 34, 13, Filling::hatched);
    svg_.text({left + 475, legend}, Anchor::start, voice_.say("8 fois sur 10", "8 times in 10"));
  }

  std::string alternative() const {
    const auto& balance = report_.balance;
    auto words = voice_.say("Courbe des dépenses cumulées : {} au {}.",
                            "Curve of cumulative spending: {} on {}.",
                            voice_.money(balance.spent()), voice_.long_day(balance.as_of));
    if (balance.budget) {
      words += voice_.say(" Le plan à ce jour est de {}, le budget de {}.",
                          " The plan to date is {}, the budget {}.", voice_.money(planned()),
                          voice_.money(*balance.budget));
    }
    if (!year_goes_on()) return words;
    const auto& cost = report_.forecast.cost;
    return words +
           voice_.say(" Prévision à la fin de l'exercice : {}, 8 fois sur 10 entre {} et {}.",
                      " Forecast at the year's end: {}, 8 times in 10 between {} and {}.",
                      voice_.dollars(cost.middle), voice_.dollars(cost.low),
                      voice_.dollars(cost.high));
  }

  Cents planned() const {
    Cents plan;
    for (const auto& post : report_.posts) plan += post.plan;
    return plan;
  }

  Table data() const {
    Table table;
    table.caption = voice_.say("Dépenses cumulées, données du graphique",
                               "Cumulative spending, the chart's data");
    table.columns = {voice_.say("À la fin de", "At the end of"), voice_.say("Réel", "Actual"),
                     voice_.say("Plan", "Plan")};
    const auto plan = [&](std::int64_t months) {
      return report_.balance.budget
                 ? Cell(Cents(proportion(report_.balance.budget->count(), months, 12)))
                 : Cell("—");
    };
    std::int64_t months = 0;
    for (const auto& until : report_.course) {
      ++months;
      table.rows.push_back({{voice_.month(until.month), until.amount, plan(months)}});
    }
    if (!year_goes_on()) return table;
    const auto& cost = report_.forecast.cost;
    const auto end = voice_.month(month_of(days_.to));
    const auto row = [&](const std::string& words, Cents amount) {
      table.rows.push_back({{end + ", " + words, amount, plan(12)}});
    };
    row(voice_.say("prévision basse (1 fois sur 10, moins)", "low forecast (1 time in 10, less)"),
        cost.low);
    row(voice_.say("prévision", "forecast"), cost.middle);
    row(voice_.say("prévision haute (1 fois sur 10, plus)", "high forecast (1 time in 10, more)"),
        cost.high);
    return table;
  }

  const MonthlyReport& report_;
  const Voice& voice_;
  const Period days_;
  MoneyScale scale_;
  Svg svg_;
};

} // namespace

Figure draw_course(const MonthlyReport& report, const Voice& voice) {
  return Course(report, voice).draw();
}

} // namespace intendance::billing
