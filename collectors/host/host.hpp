// SPDX-License-Identifier: AGPL-3.0-or-later
// The machine itself, under node_exporter's names and labels, so that dashboards and rules made for
// it work unchanged.
#pragma once

#include "collectors/host/kernel_file.hpp"
#include "collectors/host/textfile.hpp"
#include "core/clock.hpp"
#include "core/exposition.hpp"

namespace intendance::collectors {

// Adds every host collector under the name that node_exporter gives it, this process's own figures
// and version, and sets the report. The clock must outlive the page.
void build_host_page(core::MetricsPage& page, const HostRoots& roots,
                     const TextfileFolder& textfiles, const core::Clock& clock);

// node_scrape_collector_duration_seconds and _success, for collectors on their own thread how old
// the values shown are, and of files that scripts left, which are not shown and why.
std::vector<prometheus::MetricFamily> host_report(const std::vector<core::Collection>& collections);

} // namespace intendance::collectors
