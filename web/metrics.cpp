// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/metrics.hpp"

#include "core/version.hpp"

#include <prometheus/metric_family.h>

#include <string>
#include <utility>
#include <vector>

namespace intendance::web {

namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

MetricFamily gauge_family(std::string name, std::string help) {
  MetricFamily family;
  family.name = std::move(name);
  family.help = std::move(help);
  family.type = prometheus::MetricType::Gauge;
  return family;
}

void add_gauge(MetricFamily& family, std::vector<ClientMetric::Label> labels, double value) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.gauge.value = value;
  family.metric.push_back(std::move(metric));
}

class WebMetrics : public prometheus::Collectable {
public:
  WebMetrics(const Poller& poller, const Access& access) : poller_(poller), access_(access) {}

  std::vector<MetricFamily> Collect() const override {
    MetricFamily version = gauge_family("intendance_webd_build_info", "The version that runs.");
    add_gauge(version, {{"version", std::string(core::version())}}, 1);
    MetricFamily up = gauge_family("intendance_webd_daemon_up",
                                   "Whether the last question to a daemon was answered.");
    MetricFamily answered = gauge_family("intendance_webd_daemon_last_answer_timestamp_seconds",
                                         "When a daemon last gave a good answer.");
    for (const DaemonReport& report : poller_.reports()) {
      const std::vector<ClientMetric::Label> labels = {
          {"daemon", std::string(name_of(report.address.kind))},
          {"machine", report.address.machine}};
      if (report.asked) add_gauge(up, labels, report.error.empty() ? 1 : 0);
      if (report.answered) add_gauge(answered, labels, core::seconds_since_epoch(*report.answered));
    }
    MetricFamily sessions = gauge_family("intendance_webd_sessions", "People who are signed in.");
    add_gauge(sessions, {}, static_cast<double>(access_.sessions()));
    return {version, up, answered, sessions};
  }

private:
  const Poller& poller_;
  const Access& access_;
};

} // namespace

std::shared_ptr<prometheus::Collectable> make_web_metrics(const Poller& poller,
                                                          const Access& access) {
  return std::make_shared<WebMetrics>(poller, access);
}

} // namespace intendance::web
