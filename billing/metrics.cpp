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

std::vector<MetricFamily> view_families(const LedgerView& view) {
  auto budget =
      gauge("intendance_budget_dollars", "What a fund may spend in the fiscal year that runs.");
  auto spent = gauge("intendance_budget_spent_dollars",
                     "What a fund has spent in the fiscal year that runs, on each basis.");
  auto available = gauge("intendance_budget_available_dollars",
                         "What is left of a fund's budget, on the basis that it is charged by.");
  auto worked = gauge("intendance_work_seconds",
                      "Work recorded in the fiscal year that runs, by service and activity.");
  for (const auto& fund : view.funds) {
    const auto& balance = fund.balance;
    if (balance.budget) add(budget, budget_labels(balance), dollars(*balance.budget));
    for (const auto basis : {Basis::net, Basis::gross, Basis::before_tax}) {
      auto labels = budget_labels(balance);
      labels.push_back({"basis", std::string(basis_name(basis))});
      add(spent, std::move(labels), dollars(balance.total.on(basis)));
    }
    if (const auto left = balance.available()) {
      auto labels = budget_labels(balance);
      labels.push_back({"basis", std::string(basis_name(balance.basis))});
      add(available, std::move(labels), dollars(*left));
    }
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
  return {budget, spent, available, worked, entries, refreshed};
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

std::vector<MetricFamily> LedgerMetrics::Collect() const {
  return ledger_families(refresher_.status());
}

} // namespace intendance::billing
