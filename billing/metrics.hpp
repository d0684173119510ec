// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "billing/mail/mailer.hpp"
#include "billing/refresher.hpp"

#include <prometheus/collectable.h>
#include <prometheus/metric_family.h>

namespace intendance::billing {

// The ledger's gauges, from the refresher's last view; no request touches the database. Money
// leaves as dollars in a double, for graphs and thresholds only: nothing is ever computed from it.
class LedgerMetrics : public prometheus::Collectable {
public:
  explicit LedgerMetrics(const Refresher& refresher) : refresher_(refresher) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

private:
  const Refresher& refresher_;
};

// Whether reports reach the mail server.
class MailMetrics : public prometheus::Collectable {
public:
  explicit MailMetrics(const Mailer& mailer) : mailer_(mailer) {}
  std::vector<prometheus::MetricFamily> Collect() const override;

private:
  const Mailer& mailer_;
};

std::vector<prometheus::MetricFamily> ledger_families(const Refresher::Status& status);

} // namespace intendance::billing
