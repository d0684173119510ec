// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/forecast/ledger_input.hpp"

#include "billing/forecast/ratio.hpp"
#include "billing/ledger/costs.hpp"
#include "billing/ledger/engagements.hpp"
#include "billing/ledger/taxes.hpp"

#include <map>

namespace intendance::billing {
namespace {

using core::Postgres;

constexpr int earlier_years = 4; // older ones say little, see docs/decisions/0007

class LedgerInput {
public:
  LedgerInput(Postgres& database, const Balance& balance)
      : database_(database), balance_(balance),
        from_(days_of(month_of(balance.year.days.from) - std::chrono::years(earlier_years)).from) {}

  ForecastInput read() {
    input_.year = balance_.year;
    input_.budget = balance_.budget;
    input_.today = balance_.as_of;
    read_work();
    read_costs();
    read_engagements();
    for (auto& [month, spent] : months_) input_.spent.push_back(spent);
    return std::move(input_);
  }

private:
  const std::string& fund() const { return balance_.fund.name; }
  Cents on_basis(const TaxedTotal& total) const { return total.on(balance_.basis); }

  MonthSpent& month(Month month) {
    auto& spent = months_[month];
    spent.month = month;
    return spent;
  }

  // Each month as balances count it, so that the months add up to the balance. Taxes are those of
  // the whole month: the engaged part is its share of the work.
  void read_work() {
    const auto rows = database_.query(
        "SELECT date_trunc('month', posted_on)::date AS month, sum(cents)::bigint AS cents, "
        "coalesce(sum(cents) FILTER (WHERE engagement IS NOT NULL), 0)::bigint AS engaged "
        "FROM ledger.entry WHERE fund = $1 AND posted_on BETWEEN $2 AND $3 GROUP BY 1 ORDER BY 1",
        fund(), core::format_date(from_), core::format_date(balance_.as_of));
    std::map<Month, Ratio> engaged;
    for (const auto& row : rows) {
      const auto cents = row.integer("cents");
      engaged[month_of(core::parse_date(row.text("month")))] =
          cents > 0 ? Ratio::of(row.integer("engaged"), cents) : Ratio();
    }
    if (engaged.empty()) return;
    // An invoice may adjust a month without work.
    for (auto each = engaged.begin()->first; each <= month_of(balance_.as_of);
         each += std::chrono::months(1)) {
      const auto days = days_of(each);
      const auto cost = on_basis(
          taxed_postings(database_, fund(), {days.from, std::min(days.to, balance_.as_of)}));
      const auto part = to_cents(fine(cost) * engaged[each]);
      month(each).engaged += part;
      month(each).ordinary += cost - part;
    }
  }

  // What recurs is known beforehand; what is bought once is spending like any other until it is
  // recorded. What an engagement pays for is part of what is left of that.
  void read_costs() {
    for (const auto& charge :
         list_charges(database_, {from_, balance_.year.days.to}, {fund(), std::nullopt})) {
      const auto cost = on_basis(taxed_charges(database_, {charge}));
      if (charge.posted_on > balance_.as_of) {
        if (!charge.engagement) input_.due.push_back({charge.posted_on, cost});
      } else if (charge.engagement) {
        month(month_of(charge.posted_on)).engaged += cost;
      } else if (charge.kind == CostKind::recurring) {
        month(month_of(charge.posted_on)).recurring += cost;
      } else {
        month(month_of(charge.posted_on)).ordinary += cost;
      }
    }
  }

  void read_engagements() {
    const auto rates = tax_rates(database_, balance_.as_of);
    for (const auto& engagement : list_engagements(database_, balance_.as_of, fund())) {
      if (engagement.left <= Cents(0)) continue;
      input_.engagements.push_back(
          {on_basis(tax_invoice(engagement.left, rates)), engagement.expected_by});
    }
  }

  Postgres& database_;
  const Balance& balance_;
  const Date from_;
  ForecastInput input_;
  std::map<Month, MonthSpent> months_;
};

} // namespace

ForecastInput read_forecast_input(Postgres& database, const Balance& balance) {
  return LedgerInput(database, balance).read();
}

FundForecast forecast_fund(Postgres& database, const Balance& balance) {
  return {balance.fund, balance.basis, forecast_year(read_forecast_input(database, balance))};
}

} // namespace intendance::billing
