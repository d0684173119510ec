// SPDX-License-Identifier: AGPL-3.0-or-later
// Hours by service and activity, and what becomes of the budget.
#include "billing/report/columns.hpp"
#include "billing/report/compose.hpp"
#include "billing/report/svg.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr int width = 700;

struct ServiceBar {
  CatalogueItem service;
  std::vector<Minutes> work; // of each activity, in their order
  Minutes total;
};

// Hours of the year. Corrections can leave less than nothing of an activity, which no bar can show:
// the table does.
class WorkBars {
public:
  WorkBars(const MonthlyReport& report, const Voice& voice)
      : report_(report), voice_(voice), svg_("work") {
    for (const auto& line : report.lines) add(line);
    std::stable_sort(bars_.begin(), bars_.end(),
                     [](const ServiceBar& a, const ServiceBar& b) { return a.total > b.total; });
  }

  Figure draw() {
    Figure figure;
    figure.name = "work";
    figure.title = voice_.say("Heures de l'exercice par service et activité",
                              "Hours of the year by service and activity");
    figure.width = width;
    figure.height = static_cast<int>(draw_bars());
    figure.svg = svg_.finish();
    figure.alternative = alternative();
    figure.data = data();
    return figure;
  }

private:
  static constexpr std::int64_t left = 190;
  static constexpr std::int64_t right = 600;
  static constexpr std::int64_t bar = 20;
  static constexpr std::int64_t row = 30;
  static constexpr std::size_t most_bars = 12;

  std::size_t activity_index(const CatalogueItem& activity) {
    for (std::size_t index = 0; index < activities_.size(); ++index) {
      if (activities_[index].name == activity.name) return index;
    }
    activities_.push_back(activity);
    for (auto& each : bars_) each.work.emplace_back();
    return activities_.size() - 1;
  }

  void add(const ReportLine& line) {
    const auto index = activity_index(line.activity);
    if (bars_.empty() || bars_.back().service.name != line.service.name) {
      bars_.push_back({line.service, std::vector<Minutes>(activities_.size()), Minutes(0)});
    }
    bars_.back().work[index] += line.year_work;
    bars_.back().total += line.year_work;
  }

  // Returns the height.
  std::int64_t draw_bars() {
    const auto shown = std::min(bars_.size(), most_bars);
    std::int64_t longest = 1;
    for (const auto& each : bars_) longest = std::max(longest, each.total.count());
    std::int64_t y = 8;
    for (std::size_t index = 0; index < shown; ++index) {
      const auto& each = bars_[index];
      svg_.text({left - 8, y + 15}, Anchor::end, shorten(voice_.label(each.service), 26));
      std::int64_t sum = 0;
      for (std::size_t activity = 0; activity < each.work.size(); ++activity) {
        const auto minutes = std::max<std::int64_t>(each.work[activity].count(), 0);
        const auto from = place(sum, longest);
        sum += minutes;
        if (minutes > 0) {
          svg_.rectangle({from, y}, place(std::min(sum, longest), longest) - from, bar,
                         nth_filling(activity));
        }
      }
      svg_.text({place(std::min(sum, longest), longest) + 6, y + 15}, Anchor::start,
                voice_.work(each.total));
      y += row;
    }
    svg_.line({{left, 2}, {left, y - 4}}, "axis");
    return draw_legend(y + 8);
  }

  static std::int64_t place(std::int64_t minutes, std::int64_t longest) {
    return left + proportion(right - left, minutes, longest);
  }

  std::int64_t draw_legend(std::int64_t y) {
    std::int64_t x = 10;
    for (std::size_t index = 0; index < activities_.size(); ++index) {
      const auto words = shorten(voice_.label(activities_[index]), 24);
      const auto needed = 50 + static_cast<std::int64_t>(columns(words)) * 8;
      if (x + needed > width && x > 10) {
        x = 10;
        y += 22;
      }
      svg_.rectangle({x, y}, 28, 13, nth_filling(index));
      svg_.text({x + 34, y + 11}, Anchor::start, words);
      x += needed;
    }
    return y + 22;
  }

  std::string alternative() const {
    const auto& largest = bars_.front();
    return voice_.say(
        "Barres horizontales, une par service, du plus grand au plus petit : {} services, "
        "{} en tout ; le plus grand est {} avec {}.",
        "Horizontal bars, one for each service, largest first: {} services, {} in all; "
        "the largest is {} with {}.",
        bars_.size(), voice_.work(report_.balance.work), voice_.label(largest.service),
        voice_.work(largest.total));
  }

  Table data() const {
    Table table;
    table.caption = voice_.say("Heures de l'exercice, données du graphique",
                               "Hours of the year, the chart's data");
    table.columns = {voice_.say("Service", "Service")};
    for (const auto& activity : activities_) table.columns.push_back(voice_.label(activity));
    table.columns.push_back(voice_.say("Total", "Total"));
    for (const auto& each : bars_) {
      Row cells{{voice_.label(each.service)}};
      for (const auto& work : each.work) cells.cells.emplace_back(work);
      cells.cells.emplace_back(each.total);
      table.rows.push_back(std::move(cells));
    }
    return table;
  }

  const MonthlyReport& report_;
  const Voice& voice_;
  std::vector<CatalogueItem> activities_;
  std::vector<ServiceBar> bars_;
  Svg svg_;
};

struct Step {
  std::string name;
  Cents amount; // as the table shows it
  Cents from;   // where its bar begins and ends
  Cents to;
  Filling filling;
};

class Waterfall {
public:
  Waterfall(const MonthlyReport& report, const Voice& voice) : voice_(voice) {
    const auto& balance = report.balance;
    const auto budget = *balance.budget;
    const auto engaged = balance.engaged.on(balance.basis);
    auto rest = budget;
    steps_.push_back({voice.say("Budget", "Budget"), budget, Cents(0), budget, Filling::solid});
    const auto take = [&](std::string name, Cents amount, Filling filling) {
      steps_.push_back({std::move(name), -amount, rest, rest - amount, filling});
      rest = rest - amount;
    };
    take(voice.say("Réel", "Actual"), report.actual(), Filling::hatched);
    take(voice.say("Charges à payer", "Accrued"), report.accrued, Filling::dotted);
    take(voice.say("Engagements", "Engaged"), engaged, Filling::light);
    steps_.push_back({voice.say("Disponible", "Available"), rest, Cents(0), rest,
                      rest < Cents(0) ? Filling::crossed : Filling::white});
  }

  Figure draw() {
    Figure figure;
    figure.name = "waterfall";
    figure.title = voice_.say("Du budget au disponible", "From the budget to what is available");
    figure.width = width;
    figure.height = height;
    figure.svg = bars();
    figure.data.caption = voice_.say("Du budget au disponible, données du graphique",
                                     "From the budget to what is available, the chart's data");
    figure.data.columns = {voice_.say("Étape", "Step"), voice_.say("Montant", "Amount")};
    figure.alternative = voice_.say("Barres en cascade : ", "Waterfall bars: ");
    bool first = true;
    for (const auto& step : steps_) {
      figure.alternative += (first ? "" : ", ") + step.name + " " + voice_.money(step.amount);
      figure.data.rows.push_back({{step.name, step.amount}});
      first = false;
    }
    figure.alternative += ".";
    return figure;
  }

private:
  static constexpr int height = 270;
  static constexpr std::int64_t left = 84;
  static constexpr std::int64_t right = 690;
  static constexpr std::int64_t top = 24;
  static constexpr std::int64_t bottom = 236;

  std::string bars() {
    Cents lowest;
    Cents highest;
    for (const auto& step : steps_) {
      lowest = std::min({lowest, step.from, step.to});
      highest = std::max({highest, step.from, step.to});
    }
    const MoneyScale scale(lowest, highest, top, bottom);
    Svg svg("waterfall");
    for (const auto mark : scale.marks()) {
      const auto y = scale.place(mark);
      svg.line({{left, y}, {right, y}}, mark == Cents(0) ? "axis" : "grid");
      svg.text({left - 6, y + 4}, Anchor::end, voice_.dollars(mark));
    }
    const auto slot = (right - left) / static_cast<std::int64_t>(steps_.size());
    std::int64_t x = left;
    for (const auto& step : steps_) {
      const auto begin = scale.place(std::max(step.from, step.to));
      const auto end = scale.place(std::min(step.from, step.to));
      svg.rectangle({x + 18, begin}, slot - 36, std::max<std::int64_t>(end - begin, 1),
                    step.filling);
      svg.text({x + slot / 2, begin - 6}, Anchor::middle, voice_.money(step.amount), "value");
      svg.text({x + slot / 2, bottom + 22}, Anchor::middle, step.name);
      // Where the next bar takes over.
      if (&step != &steps_.back()) {
        const auto y = scale.place(step.to);
        svg.line({{x + slot - 18, y}, {x + slot + 18, y}}, "link");
      }
      x += slot;
    }
    return svg.finish();
  }

  const Voice& voice_;
  std::vector<Step> steps_;
};

} // namespace

Figure draw_work(const MonthlyReport& report, const Voice& voice) {
  return WorkBars(report, voice).draw();
}

Figure draw_waterfall(const MonthlyReport& report, const Voice& voice) {
  return Waterfall(report, voice).draw();
}

} // namespace intendance::billing
