// SPDX-License-Identifier: AGPL-3.0-or-later
#include "billing/metrics.hpp"

namespace intendance::billing {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using Labels = std::vector<ClientMetric::Label>;

MetricFamily gauge(const char* name, const char* help) {
  return {name, help, prometheus::MetricType::Gauge, {}};
}

void add(MetricFamily& family, Labels labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

double dollars(Cents amount) { return static_cast<double>(amount.count()) / 100; }

Labels budget_labels(const Balance& balance) {
  return {{"fund", balance.fund.name},
          {"year", std::to_string(balance.year.year)},
          {"currency", "CAD"}};
}

class ForecastFamilies {
public:
  void add_fund(const FundView& fund) {
    if (!fund.forecast) return;
    const auto& forecast = *fund.forecast;
    add_estimate(cost_, fund.balance, forecast.cost);
    if (!forecast.budget) return;
    add_estimate(unspent_, fund.balance, *forecast.unspent);
    add(underspending_, labels(fund.balance, ""), forecast.underspending ? 1 : 0);
    add_day(fund.balance, "middle", forecast.exhausted);
    add_day(fund.balance, "high", forecast.exhausted_early);
  }
  std::vector<MetricFamily> families() const {
    return {cost_, unspent_, underspending_, exhaustion_};
  }

private:
  static Labels labels(const Balance& balance, const std::string& estimate) {
    auto labels = budget_labels(balance);
    labels.push_back({"basis", std::string(basis_name(balance.basis))});
    if (!estimate.empty()) labels.push_back({"estimate", estimate});
    return labels;
  }
  static void add_estimate(MetricFamily& family, const Balance& balance, const Estimate& estimate) {
    add(family, labels(balance, "low"), dollars(estimate.low));
    add(family, labels(balance, "middle"), dollars(estimate.middle));
    add(family, labels(balance, "high"), dollars(estimate.high));
  }
  void add_day(const Balance& balance, const char* estimate, const std::optional<Date>& day) {
    if (!day) return;
    const std::chrono::sys_seconds start = std::chrono::sys_days(*day);
    add(exhaustion_, labels(balance, estimate),
        static_cast<double>(start.time_since_epoch().count()));
  }

  MetricFamily cost_ =
      gauge("intendance_billing_forecast_dollars",
            "What the fiscal year that runs will have cost; eight years in ten end "
            "between the low and the high estimate.");
  MetricFamily unspent_ = gauge("intendance_billing_forecast_unspent_dollars",
                                "What will be left of the budget at the fiscal year's end.");
  MetricFamily underspending_ =
      gauge("intendance_billing_forecast_underspending",
            "1 when much of the budget will stay unused in all likelihood.");
  MetricFamily exhaustion_ = gauge(
      "intendance_billing_forecast_exhaustion_timestamp_seconds",
      "The day on which the budget is used up by the middle or the high estimate of the cost, "
      "which can lie after the fiscal year; absent when that is not to be seen.");
};

std::vector<MetricFamily> view_families(const LedgerView& view) {
  auto budget =
      gauge("intendance_budget_dollars", "What a fund may spend in the fiscal year that runs.");
  auto spent = gauge("intendance_budget_spent_dollars",
                     "What a fund has spent in the fiscal year that runs, on each basis.");
  auto engaged =
      gauge("intendance_budget_engaged_dollars",
            "What is left of quotes and orders that were accepted, on the fund's basis.");
  auto available = gauge("intendance_budget_available_dollars",
                         "What is left of a fund's budget, on the basis that it is charged by.");
  auto worked = gauge("intendance_work_seconds",
                      "Work recorded in the fiscal year that runs, by service and activity.");
  ForecastFamilies forecasts;
  for (const auto& fund : view.funds) {
    const auto& balance = fund.balance;
    forecasts.add_fund(fund);
    if (balance.budget) add(budget, budget_labels(balance), dollars(*balance.budget));
    for (const auto basis : {Basis::net, Basis::gross, Basis::before_tax}) {
      auto labels = budget_labels(balance);
      labels.push_back({"basis", std::string(basis_name(basis))});
      add(spent, std::move(labels), dollars(balance.total.on(basis)));
    }
    auto labels = budget_labels(balance);
    labels.push_back({"basis", std::string(basis_name(balance.basis))});
    add(engaged, labels, dollars(balance.engaged.on(balance.basis)));
    if (const auto left = balance.available()) add(available, labels, dollars(*left));
    for (const auto& share : fund.work) {
      add(worked,
          {{"fund", balance.fund.name},
           {"year", std::to_string(balance.year.year)},
           {"service", share.service.name},
           {"activity", share.activity.name}},
          static_cast<double>(share.work.count()) * 60);
    }
  }
  auto entries = gauge("intendance_ledger_entries", "Entries in the ledger, reversals included.");
  add(entries, {}, static_cast<double>(view.head.entries));
  auto refreshed = gauge("intendance_ledger_last_refresh_timestamp_seconds",
                         "When the ledger was last read with success.");
  add(refreshed, {}, core::seconds_since_epoch(view.read_at));
  auto open = gauge("intendance_ledger_open_month_timestamp_seconds",
                    "The first day of the first month that is not closed.");
  if (view.open_month) {
    const std::chrono::sys_seconds start =
        std::chrono::sys_days(*view.open_month / std::chrono::day(1));
    add(open, {}, static_cast<double>(start.time_since_epoch().count()));
  }
  std::vector<MetricFamily> families = {budget, spent,   engaged,   available,
                                        worked, entries, refreshed, open};
  for (auto& family : forecasts.families()) families.push_back(std::move(family));
  return families;
}

} // namespace

std::vector<MetricFamily> ledger_families(const Refresher::Status& status) {
  auto up = gauge("intendance_ledger_up", "1 when the last attempt to read the ledger succeeded.");
  add(up, {}, status.up ? 1 : 0);
  std::vector<MetricFamily> families = {std::move(up)};
  if (!status.view) return families;
  for (auto& family : view_families(*status.view)) {
    if (!family.metric.empty()) families.push_back(std::move(family));
  }
  return families;
}

std::vector<MetricFamily> MailMetrics::Collect() const {
  const auto status = mailer_.status();
  auto last = gauge("intendance_report_mail_last_success_timestamp_seconds",
                    "When a monthly report was last taken by the mail server.");
  if (status.last_success) add(last, {}, core::seconds_since_epoch(*status.last_success));
  auto failures = gauge("intendance_report_mail_failures_since_success",
                        "Attempts to mail what is due that failed since the last that did not.");
  add(failures, {}, status.failures);
  std::vector<MetricFamily> families = {std::move(failures)};
  if (!last.metric.empty()) families.push_back(std::move(last));
  return families;
}

std::vector<MetricFamily> LedgerMetrics::Collect() const {
  return ledger_families(refresher_.status());
}

} // namespace intendance::billing
