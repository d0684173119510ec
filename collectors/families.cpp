// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/families.hpp"

#include <utility>

namespace intendance::collectors {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

namespace {

class FunctionCollectable : public prometheus::Collectable {
public:
  explicit FunctionCollectable(std::function<Families()> collect) : collect_(std::move(collect)) {}
  Families Collect() const override { return collect_(); }

private:
  std::function<Families()> collect_;
};

} // namespace

MetricFamily counter_family(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Counter, {}};
}

MetricFamily gauge_family(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Gauge, {}};
}

MetricFamily untyped_family(std::string name, std::string help) {
  return {std::move(name), std::move(help), MetricType::Untyped, {}};
}

void add_sample(MetricFamily& family, double value, Labels labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (family.type == MetricType::Counter)
    metric.counter.value = value;
  else if (family.type == MetricType::Gauge)
    metric.gauge.value = value;
  else
    metric.untyped.value = value;
  family.metric.push_back(std::move(metric));
}

double sample_value(const MetricFamily& family, const ClientMetric& metric) {
  if (family.type == MetricType::Counter) return metric.counter.value;
  return family.type == MetricType::Gauge ? metric.gauge.value : metric.untyped.value;
}

const MetricFamily* find_family(const Families& families, std::string_view name) {
  for (const auto& family : families)
    if (family.name == name) return &family;
  return nullptr;
}

std::string_view label_of(const ClientMetric& metric, std::string_view name) {
  for (const auto& label : metric.label)
    if (label.name == name) return label.value;
  return {};
}

std::optional<double> single_value(const Families& families, std::string_view name) {
  const auto* family = find_family(families, name);
  if (family == nullptr || family->metric.size() != 1) return std::nullopt;
  return sample_value(*family, family->metric.front());
}

std::shared_ptr<prometheus::Collectable> make_collectable(std::function<Families()> collect) {
  return std::make_shared<FunctionCollectable>(std::move(collect));
}

} // namespace intendance::collectors
