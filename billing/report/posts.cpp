// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/posts.hpp"

#include "billing/ledger/taxes.hpp"
#include "billing/report/model.hpp"
#include "billing/report/voice.hpp"

#include <algorithm>
#include <map>

namespace intendance::billing {
namespace {

using core::Postgres;

constexpr Cents least_explained{25'000};
const std::string work_category = "services"; // hours count in it

// What is known of one line before it becomes a post.
struct Gathered {
  std::vector<Charge> month;
  std::vector<Charge> year;
  std::vector<Charge> later; // due until the year's end
  Cents engaged;
  std::optional<Cents> budget;
};

class Posts {
public:
  Posts(Postgres& database, const MonthlyReport& report)
      : database_(database), report_(report), balance_(report.balance) {}

  std::vector<Post> read(const std::vector<Charge>& charges) {
    gather(charges);
    std::vector<Post> posts;
    for (const auto& category : list_categories(database_)) {
      const auto found = lines_.find(category.name);
      if (found != lines_.end()) posts.push_back(post_of(category, found->second));
    }
    share_forecast(posts);
    for (auto& post : posts) {
      if (post.must_be_explained()) explain(post, lines_[post.category.name]);
    }
    return posts;
  }

private:
  void gather(const std::vector<Charge>& charges) {
    lines_[work_category];
    const auto month = days_of(report_.month);
    for (const auto& charge : charges) {
      if (charge.kind == CostKind::in_kind) continue;
      auto& line = lines_[charge.category];
      if (charge.posted_on > balance_.as_of) {
        line.later.push_back(charge);
        continue;
      }
      line.year.push_back(charge);
      if (charge.posted_on >= month.from) line.month.push_back(charge);
    }
    const auto rates = tax_rates(database_, balance_.as_of);
    for (const auto& engagement : report_.engagements) {
      if (engagement.left <= Cents(0)) continue;
      lines_[engagement.category].engaged += tax_invoice(engagement.left, rates).on(balance_.basis);
    }
    for (const auto& line :
         budget_lines(database_, balance_.fund.name, balance_.year.year, balance_.version)) {
      lines_[line.name].budget = line.amount;
    }
  }

  Cents cost_of(const std::vector<Charge>& charges) {
    return taxed_charges(database_, charges).on(balance_.basis);
  }

  Post post_of(const CatalogueItem& category, const Gathered& line) {
    Post post;
    post.category = category;
    post.month = cost_of(line.month);
    post.year = cost_of(line.year);
    if (category.name == work_category) {
      post.month += report_.month_total.on(balance_.basis);
      post.year += balance_.total.on(balance_.basis);
    }
    post.budget = line.budget;
    post.plan = planned(line.budget.value_or(Cents(0)));
    post.engaged = line.engaged;
    return post;
  }

  // Twelve months alike, and of the current one the days that are over.
  Cents planned(Cents budget) const {
    const auto month = month_of(balance_.as_of);
    const auto months = (month - month_of(balance_.year.days.from)).count();
    const auto days = static_cast<unsigned>(days_of(month).to.day());
    const auto day = static_cast<unsigned>(balance_.as_of.day());
    return Cents(proportion(budget.count(), months * days + day, std::int64_t{12} * days));
  }

  // What a line has spent and what falls due is its own, then what is engaged of it, as far as the
  // forecast goes; all else that it expects is work.
  void share_forecast(std::vector<Post>& posts) {
    auto rest = report_.forecast.cost.middle;
    for (auto& post : posts) {
      post.forecast = post.year + cost_of(unengaged(lines_[post.category.name].later));
      rest = rest - post.forecast;
    }
    for (auto& post : posts) {
      if (post.category.name == work_category) continue;
      const auto part = std::max(Cents(0), std::min(post.engaged, rest));
      post.forecast += part;
      rest = rest - part;
    }
    for (auto& post : posts) {
      if (post.category.name == work_category) post.forecast += rest;
    }
  }

  // What an engagement pays for is part of what is engaged.
  static std::vector<Charge> unengaged(const std::vector<Charge>& charges) {
    std::vector<Charge> others;
    for (const auto& charge : charges) {
      if (!charge.engagement) others.push_back(charge);
    }
    return others;
  }

  void explain(Post& post, const Gathered& line) {
    if (!post.budget && post.year > Cents(0)) add(post, {.code = CauseCode::unplanned});
    if (post.variance() > Cents(0)) {
      explain_more(post, line);
    } else {
      explain_less(post, line);
    }
  }

  void explain_more(Post& post, const Gathered& line) {
    if (post.category.name == work_category) {
      add_largest_work(post);
      const auto engaged = engaged_work();
      if (engaged > Cents(0)) add(post, {.code = CauseCode::engaged_work, .amount = engaged});
      add_dear_month(post);
    }
    const auto of_kind = [&](CostKind kind) {
      std::vector<Charge> charges;
      for (const auto& charge : line.year) {
        if (charge.kind == kind) charges.push_back(charge);
      }
      return charges;
    };
    add_charges(post, CauseCode::at_once, of_kind(CostKind::recurring));
    add_charges(post, CauseCode::bought_once, of_kind(CostKind::one_off));
  }

  void explain_less(Post& post, const Gathered& line) {
    if (post.category.name == work_category) {
      std::int64_t quiet = 0;
      Cents before;
      for (const auto& until : report_.course) {
        if (until.amount == before) ++quiet;
        before = until.amount;
      }
      if (quiet > 0) add(post, {.code = CauseCode::quiet_months, .count = quiet});
      add_largest_work(post);
    }
    if (post.engaged > Cents(0)) {
      add(post, {.code = CauseCode::engaged_later, .amount = post.engaged});
    }
    add_charges(post, CauseCode::due_later, line.later);
  }

  static void add(Post& post, Cause cause) { post.causes.push_back(std::move(cause)); }

  void add_charges(Post& post, CauseCode code, const std::vector<Charge>& charges) {
    if (charges.empty()) return;
    add(post, {.code = code,
               .amount = cost_of(charges),
               .count = static_cast<std::int64_t>(charges.size())});
  }

  void add_largest_work(Post& post) {
    const auto& lines = report_.lines;
    const auto largest =
        std::max_element(lines.begin(), lines.end(), [](const ReportLine& a, const ReportLine& b) {
          return a.year_amount < b.year_amount;
        });
    if (largest == lines.end() || largest->year_amount <= Cents(0)) return;
    add(post, {.code = CauseCode::largest_work,
               .amount = largest->year_amount,
               .share = share_of(largest->year_amount.count(), balance_.total.before_tax.count()),
               .service = largest->service,
               .activity = largest->activity});
  }

  // One that took half as much again as a usual one.
  void add_dear_month(Post& post) {
    SpentUntil dearest{report_.month, Cents(0)};
    Cents before;
    for (const auto& until : report_.course) {
      if (until.amount - before > dearest.amount) dearest = {until.month, until.amount - before};
      before = until.amount;
    }
    const auto months = static_cast<std::int64_t>(report_.course.size());
    if (months < 2 || dearest.amount.count() * months * 2 <= before.count() * 3) return;
    add(post, {.code = CauseCode::dear_month,
               .amount = dearest.amount,
               .share = share_of(dearest.amount.count(), before.count()),
               .month = dearest.month});
  }

  Cents engaged_work() {
    return Cents(database_
                     .query("SELECT coalesce(sum(cents), 0)::bigint AS cents FROM ledger.entry "
                            "WHERE fund = $1 AND posted_on BETWEEN $2 AND $3 "
                            "AND engagement IS NOT NULL",
                            balance_.fund.name, core::format_date(balance_.year.days.from),
                            core::format_date(balance_.as_of))
                     .only()
                     .integer("cents"));
  }

  Postgres& database_;
  const MonthlyReport& report_;
  const Balance& balance_;
  std::map<std::string, Gathered> lines_;
};

} // namespace

Cents worth_explaining(Cents plan) {
  return std::max(Cents(proportion(plan.count(), 1, 10)), least_explained);
}

bool Post::must_be_explained() const {
  const auto difference = variance() < Cents(0) ? -variance() : variance();
  return difference > worth_explaining(plan);
}

std::vector<Post> read_posts(Postgres& database, const MonthlyReport& report,
                             const std::vector<Charge>& charges) {
  return Posts(database, report).read(charges);
}

} // namespace intendance::billing
