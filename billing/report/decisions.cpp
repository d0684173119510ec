// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/report/decisions.hpp"

#include "billing/report/model.hpp"

#include <algorithm>

namespace intendance::billing {
namespace {

constexpr std::chrono::days soon{60};

class Assessor {
public:
  explicit Assessor(const MonthlyReport& report)
      : report_(report), forecast_(report.forecast),
        soon_(std::chrono::sys_days(report.drawn_up) + soon) {}

  Assessment assess() {
    look_at_forecast();
    look_at_invoices();
    look_at_upcoming();
    std::stable_sort(
        result_.decisions.begin(), result_.decisions.end(),
        [](const Decision& a, const Decision& b) { return a.by && (!b.by || *a.by < *b.by); });
    return std::move(result_);
  }

private:
  void add(Light light, Decision decision) {
    result_.light = std::max(result_.light, light);
    result_.decisions.push_back(std::move(decision));
  }

  Cents missing(Cents cost) const { return forecast_.budget ? cost - *forecast_.budget : Cents(0); }

  void look_at_forecast() {
    switch (forecast_.verdict) {
    case Verdict::lasts: return;
    case Verdict::no_budget: return add(Light::amber, {.code = DecisionCode::set_budget});
    case Verdict::overspent:
    case Verdict::falls_short:
      return add(Light::red, {.code = DecisionCode::raise_or_reduce,
                              .amount = missing(forecast_.cost.middle),
                              .by = in_year(forecast_.exhausted)});
    case Verdict::may_fall_short:
      return add(Light::amber, {.code = DecisionCode::provide_margin,
                                .amount = missing(forecast_.cost.high),
                                .by = in_year(forecast_.exhausted_early)});
    case Verdict::underspent:
      return add(Light::amber, {.code = DecisionCode::engage_or_carry,
                                .amount = forecast_.unspent->middle,
                                .by = report_.balance.year.days.to});
    }
  }

  std::optional<Date> in_year(const std::optional<Date>& day) const {
    return day && *day <= report_.balance.year.days.to ? day : std::nullopt;
  }

  void look_at_invoices() {
    for (const auto& invoice : report_.reconciliation.invoices) {
      const auto& number = invoice.invoice().number;
      const auto& checked = invoice.reconciliation;
      if (invoice.contested())
        add(Light::amber, {.code = DecisionCode::contest_invoice,
                           .subject_french = number,
                           .subject_english = number,
                           .amount = checked.difference() + checked.tax_difference()});
      if (invoice.incomplete())
        add(Light::amber, {.code = DecisionCode::complete_invoice,
                           .subject_french = number,
                           .subject_english = number});
    }
  }

  void look_at_upcoming() {
    for (const auto& each : report_.upcoming) {
      if (each.day > soon_) continue;
      Decision decision{DecisionCode::renew, each.subject_french, each.subject_english, each.amount,
                        each.day};
      switch (each.kind) {
      case UpcomingKind::funder_report:
        decision.code = DecisionCode::hand_in;
        add(each.day < report_.drawn_up ? Light::red : Light::green, std::move(decision));
        break;
      case UpcomingKind::cost_expires: add(Light::green, std::move(decision)); break;
      case UpcomingKind::quote_lapses:
        decision.code = DecisionCode::answer_quote;
        add(Light::green, std::move(decision));
        break;
      case UpcomingKind::engagement_due:
        if (each.day >= report_.balance.as_of) break;
        decision.code = DecisionCode::settle_engagement;
        add(Light::amber, std::move(decision));
        break;
      case UpcomingKind::grant_end:
      case UpcomingKind::year_end: break;
      }
    }
  }

  const MonthlyReport& report_;
  const Forecast& forecast_;
  const Date soon_;
  Assessment result_;
};

} // namespace

Assessment assess(const MonthlyReport& report) { return Assessor(report).assess(); }

} // namespace intendance::billing
