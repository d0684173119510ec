// SPDX-License-Identifier: AGPL-3.0-or-later
// uname(2) and the clock: node_exporter's collectors `uname` and `time`.
#pragma once

#include "collectors/families.hpp"
#include "core/clock.hpp"

#include <sys/utsname.h>

namespace intendance::collectors {

// Dashboards choose their machine by this family's `nodename`.
Families publish_uname(const utsname& names);
Families publish_time(core::TimePoint now);

std::shared_ptr<prometheus::Collectable> uname_collector();
// The clock must outlive the collector.
std::shared_ptr<prometheus::Collectable> time_collector(const core::Clock& clock);

} // namespace intendance::collectors
