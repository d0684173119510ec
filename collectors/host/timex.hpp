// SPDX-License-Identifier: AGPL-3.0-or-later
// adjtimex(2), how well the kernel keeps the time: node_exporter's collector `timex`.
#pragma once

#include "collectors/families.hpp"

#include <sys/timex.h>

namespace intendance::collectors {

// `state` is what adjtimex returned.
Families publish_timex(const timex& clock, int state);

// Nothing where a sandbox forbids the question.
std::shared_ptr<prometheus::Collectable> timex_collector();

} // namespace intendance::collectors
