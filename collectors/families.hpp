// SPDX-License-Identifier: AGPL-3.0-or-later
// Shorthand for building prometheus-cpp's families by hand: a scrape builds them afresh, so that
// what has vanished from the machine vanishes from the page.
#pragma once

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::collectors {

using Families = std::vector<prometheus::MetricFamily>;
using Labels = std::vector<prometheus::ClientMetric::Label>;

prometheus::MetricFamily counter_family(std::string name, std::string help);
prometheus::MetricFamily gauge_family(std::string name, std::string help);
prometheus::MetricFamily untyped_family(std::string name, std::string help);

// Puts the value where the family's type has it; counters, gauges and untyped ones only.
void add_sample(prometheus::MetricFamily& family, double value, Labels labels = {});
double sample_value(const prometheus::MetricFamily& family, const prometheus::ClientMetric& metric);

const prometheus::MetricFamily* find_family(const Families& families, std::string_view name);
// The value of a label; empty when the sample has no such label.
std::string_view label_of(const prometheus::ClientMetric& metric, std::string_view name);
// The only sample of a family, when there is one.
std::optional<double> single_value(const Families& families, std::string_view name);

// `collect` runs on whichever thread scrapes, on several at once.
std::shared_ptr<prometheus::Collectable> make_collectable(std::function<Families()> collect);

} // namespace intendance::collectors
