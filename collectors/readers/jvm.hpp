// SPDX-License-Identifier: AGPL-3.0-or-later
// Java virtual machines by the counters that they keep in a file anyway, so without an agent in
// them, under the names of Prometheus' Java client.
#pragma once

#include "collectors/readers/hsperfdata.hpp"
#include "collectors/readers/reader.hpp"

#include <vector>

namespace intendance::collectors {

// Each with the label `main`: the class or archive that was started. Of two with the same one only
// the newest is shown.
Families publish_jvms(const std::vector<HsperfData>& machines);

// files = "/tmp/hsperfdata_*/*", a pattern of glob(7).
MakeReader jvm_reader(core::ConfigTable& table);

} // namespace intendance::collectors
