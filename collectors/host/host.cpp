// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/host.hpp"

#include "collectors/host/connections.hpp"
#include "collectors/host/control_groups.hpp"
#include "collectors/host/disk.hpp"
#include "collectors/host/filesystem.hpp"
#include "collectors/host/limits.hpp"
#include "collectors/host/load.hpp"
#include "collectors/host/memory.hpp"
#include "collectors/host/network.hpp"
#include "collectors/host/processes.hpp"
#include "collectors/host/processor.hpp"
#include "collectors/host/sockets.hpp"
#include "collectors/host/softnet.hpp"
#include "collectors/host/stat.hpp"
#include "collectors/host/system.hpp"
#include "collectors/host/systemd.hpp"
#include "collectors/host/textfile.hpp"
#include "collectors/host/timex.hpp"
#include "collectors/process.hpp"

namespace intendance::collectors {

namespace {
constexpr const char* textfile_name = "textfile";
}

void build_host_page(core::MetricsPage& page, const HostRoots& roots,
                     const TextfileFolder& textfiles, const core::Clock& clock) {
  page.add("arp", arp_collector(roots));
  page.add("conntrack", conntrack_collector(roots));
  page.add("cpu", cpu_collector(roots));
  page.add("diskstats", diskstats_collector(roots));
  page.add("entropy", entropy_collector(roots));
  page.add("filefd", filefd_collector(roots));
  page.add("filesystem", filesystem_collector(roots), core::Isolation::own_thread);
  page.add("interrupts", interrupts_collector(roots));
  page.add("loadavg", loadavg_collector(roots));
  page.add("meminfo", meminfo_collector(roots));
  page.add("netclass", netclass_collector(roots));
  page.add("netdev", netdev_collector(roots));
  page.add("netstat", netstat_collector(roots));
  page.add("pressure", pressure_collector(roots));
  page.add("processes", processes_collector(roots));
  page.add("schedstat", schedstat_collector(roots));
  page.add("sockstat", sockstat_collector(roots));
  page.add("softnet", softnet_collector(roots));
  page.add("stat", stat_collector(roots));
  page.add("systemd", systemd_collector(), core::Isolation::own_thread);
  page.add("tcpstat", tcp_states_collector(roots));
  page.add_foreign(textfile_name, textfile_collector(textfiles));
  page.add("time", time_collector(clock));
  page.add("timex", timex_collector());
  page.add("udp_queues", udp_queues_collector(roots));
  page.add("uname", uname_collector());
  page.add("units", control_groups_collector(roots));
  page.add("vmstat", vmstat_collector(roots));
  page.add("process", process_collector(roots));
  page.add("build_info", build_info_collector());
  page.set_report(host_report);
}

std::vector<prometheus::MetricFamily>
host_report(const std::vector<core::Collection>& collections) {
  auto duration =
      gauge_family("node_scrape_collector_duration_seconds", "How long each collector took.");
  auto success =
      gauge_family("node_scrape_collector_success", "Whether each collector gave its values.");
  auto age = gauge_family("intendance_collector_values_age_seconds",
                          "How old the values of a collector with a thread of its own are.");
  auto refused =
      gauge_family("intendance_collector_refused_info", "Which file is not on this page, and why.");
  auto textfile_error = gauge_family("node_textfile_scrape_error",
                                     "Whether any file of the textfile collector was refused.");
  for (const auto& collection : collections) {
    const Labels labels = {{"collector", collection.name}};
    add_sample(duration, collection.duration.count(), labels);
    add_sample(success, collection.success ? 1 : 0, labels);
    if (collection.age) add_sample(age, collection.age->count(), labels);
    for (const auto& refusal : collection.refusals)
      add_sample(
          refused, 1,
          {{"collector", collection.name}, {"source", refusal.source}, {"reason", refusal.reason}});
    if (collection.name == textfile_name)
      add_sample(textfile_error, collection.refusals.empty() && collection.success ? 0 : 1);
  }
  return {std::move(duration), std::move(success), std::move(age), std::move(refused),
          std::move(textfile_error)};
}

} // namespace intendance::collectors
