// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/host.hpp"
#include "collectors/process.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

namespace intendance::collectors {
namespace {

std::set<std::string> names_of(const Families& families) {
  std::set<std::string> names;
  for (const auto& family : families)
    if (!family.metric.empty()) names.insert(family.name);
  return names;
}

Families page_of(const HostRoots& roots) {
  core::MetricsPage page;
  build_host_page(page, roots, {}, core::system_clock());
  return page.collect({}, std::chrono::steady_clock::now() + std::chrono::seconds(10));
}

std::set<std::string> failed_collectors(const Families& families) {
  std::set<std::string> failed;
  for (const auto& metric : find_family(families, "node_scrape_collector_success")->metric)
    if (metric.gauge.value != 1) failed.insert(std::string(label_of(metric, "collector")));
  return failed;
}

// What dashboard 1860 asks for and a virtual machine of this kernel has, of these collectors.
const std::set<std::string> wanted = {"node_arp_entries",
                                      "node_interrupts_total",
                                      "node_network_info",
                                      "node_processes_max_processes",
                                      "node_processes_max_threads",
                                      "node_processes_pids",
                                      "node_processes_state",
                                      "node_processes_threads",
                                      "node_softnet_dropped_total",
                                      "node_softnet_flow_limit_count_total",
                                      "node_softnet_processed_total",
                                      "node_softnet_received_rps_total",
                                      "node_softnet_times_squeezed_total",
                                      "node_tcp_connection_states",
                                      "node_udp_queues",
                                      "node_entropy_available_bits",
                                      "node_filefd_allocated",
                                      "node_filefd_maximum",
                                      "node_netstat_Tcp_CurrEstab",
                                      "node_netstat_TcpExt_ListenDrops",
                                      "node_netstat_Udp_InErrors",
                                      "node_netstat_IpExt_InOctets",
                                      "node_nf_conntrack_entries",
                                      "node_sockstat_TCP_inuse",
                                      "node_sockstat_TCP_mem_bytes",
                                      "node_sockstat_sockets_used",
                                      "node_boot_time_seconds",
                                      "node_context_switches_total",
                                      "node_cpu_guest_seconds_total",
                                      "node_cpu_seconds_total",
                                      "node_disk_discard_time_seconds_total",
                                      "node_disk_discarded_sectors_total",
                                      "node_disk_discards_completed_total",
                                      "node_disk_discards_merged_total",
                                      "node_disk_flush_requests_time_seconds_total",
                                      "node_disk_flush_requests_total",
                                      "node_disk_io_now",
                                      "node_disk_io_time_seconds_total",
                                      "node_disk_io_time_weighted_seconds_total",
                                      "node_disk_read_bytes_total",
                                      "node_disk_read_time_seconds_total",
                                      "node_disk_reads_completed_total",
                                      "node_disk_reads_merged_total",
                                      "node_disk_write_time_seconds_total",
                                      "node_disk_writes_completed_total",
                                      "node_disk_writes_merged_total",
                                      "node_disk_written_bytes_total",
                                      "node_filesystem_avail_bytes",
                                      "node_filesystem_device_error",
                                      "node_filesystem_files",
                                      "node_filesystem_files_free",
                                      "node_filesystem_free_bytes",
                                      "node_filesystem_readonly",
                                      "node_filesystem_size_bytes",
                                      "node_forks_total",
                                      "node_intr_total",
                                      "node_load1",
                                      "node_load15",
                                      "node_load5",
                                      "node_memory_Active_anon_bytes",
                                      "node_memory_Buffers_bytes",
                                      "node_memory_Cached_bytes",
                                      "node_memory_HugePages_Free",
                                      "node_memory_MemAvailable_bytes",
                                      "node_memory_MemTotal_bytes",
                                      "node_memory_SwapTotal_bytes",
                                      "node_network_carrier",
                                      "node_network_mtu_bytes",
                                      "node_network_receive_bytes_total",
                                      "node_network_receive_nohandler_total",
                                      "node_network_transmit_colls_total",
                                      "node_network_transmit_packets_total",
                                      "node_network_up",
                                      "node_pressure_cpu_waiting_seconds_total",
                                      "node_pressure_io_stalled_seconds_total",
                                      "node_pressure_memory_waiting_seconds_total",
                                      "node_procs_blocked",
                                      "node_procs_running",
                                      "node_scrape_collector_duration_seconds",
                                      "node_scrape_collector_success",
                                      "node_time_seconds",
                                      "node_uname_info",
                                      "node_vmstat_oom_kill",
                                      "node_vmstat_pgfault",
                                      "node_vmstat_pgmajfault",
                                      "node_vmstat_pgpgin",
                                      "node_vmstat_pswpout",
                                      "process_cpu_seconds_total",
                                      "process_max_fds",
                                      "process_open_fds",
                                      "process_virtual_memory_bytes",
                                      "process_virtual_memory_max_bytes",
                                      "process_resident_memory_bytes",
                                      "process_start_time_seconds",
                                      "intendance_build_info"};

TEST(HostPage, ShowsACapturedMachine) {
  core::TemporaryDirectory copy; // with folders that git cannot hold
  std::filesystem::copy(captured_machine().proc, copy.path() / "proc",
                        std::filesystem::copy_options::recursive);
  std::filesystem::create_directory(copy.path() / "proc/self/fd");
  std::filesystem::create_directory(copy.path() / "proc/17");
  std::filesystem::copy(captured_machine().proc / "self/stat", copy.path() / "proc/17/stat");
  const auto families = page_of({copy.path() / "proc", captured_machine().sys});
  EXPECT_EQ(failed_collectors(families), std::set<std::string>{});
  const auto names = names_of(families);
  for (const auto& name : wanted) EXPECT_EQ(names.count(name), 1u) << name;
}

TEST(HostPage, ShowsThisMachine) {
  const auto families = page_of({});
  EXPECT_EQ(failed_collectors(families), std::set<std::string>{});
  EXPECT_GT(sample(families, "node_memory_MemTotal_bytes").value_or(0), 1e8);
  EXPECT_GT(sample(families, "node_boot_time_seconds").value_or(0), 1.5e9);
  EXPECT_GT(sample(families, "process_open_fds").value_or(0), 2);
  EXPECT_GT(sample(families, "process_resident_memory_bytes").value_or(0), 1e6);
  EXPECT_GE(sample_count(families, "node_filesystem_size_bytes"), 1u);
}

TEST(HostPage, AMachineWithNothingToReadFailsCollectorByCollector) {
  const core::TemporaryDirectory empty;
  std::filesystem::create_directory(empty.path() / "proc");
  std::filesystem::copy(captured_machine().proc / "stat", empty.path() / "proc/stat");
  const auto families = page_of({empty.path() / "proc", empty.path() / "sys"});
  // What a kernel may do without is no failure; the rest every kernel has.
  EXPECT_EQ(failed_collectors(families),
            (std::set<std::string>{"filesystem", "loadavg", "meminfo", "netdev", "process"}));
  EXPECT_TRUE(sample(families, "node_procs_running").has_value());
}

TEST(HostReport, HasNodeExportersNames) {
  core::Collection good{"cpu", std::chrono::milliseconds(250), true, {}};
  core::Collection stuck{"filesystem", std::chrono::seconds(3), false, std::chrono::seconds(90)};
  const auto families = host_report({good, stuck});
  EXPECT_EQ(sample(families, "node_scrape_collector_duration_seconds", {{"collector", "cpu"}}),
            0.25);
  EXPECT_EQ(sample(families, "node_scrape_collector_success", {{"collector", "cpu"}}), 1);
  EXPECT_EQ(sample(families, "node_scrape_collector_success", {{"collector", "filesystem"}}), 0);
  EXPECT_EQ(
      sample(families, "intendance_collector_values_age_seconds", {{"collector", "filesystem"}}),
      90);
  EXPECT_EQ(sample_count(families, "intendance_collector_values_age_seconds"), 1u);
}

TEST(KernelFile, ReadsAgainFromTheStart) {
  const core::TemporaryDirectory folder;
  const auto path = folder.path() / "file";
  core::write_file_atomically(path, "first");
  const KernelFile file(path);
  EXPECT_EQ(file.read(), "first");
  std::ofstream(path, std::ios::trunc) << std::string(70000, 'x'); // the same file, longer
  EXPECT_EQ(file.read()->size(), 70000u);
}

TEST(KernelFile, IsAbsentUntilItAppears) {
  const core::TemporaryDirectory folder;
  const KernelFile file(folder.path() / "later");
  EXPECT_EQ(file.read(), std::nullopt);
  EXPECT_THROW(file.read_required(), core::Error);
  core::write_file_atomically(folder.path() / "later", "here");
  EXPECT_EQ(file.read(), "here");
}

TEST(KernelFile, SaysWhichFileCannotBeRead) {
  const core::TemporaryDirectory folder; // reading a folder is EISDIR
  try {
    KernelFile(folder.path()).read();
    FAIL() << "read a folder";
  } catch (const core::Error& error) {
    EXPECT_NE(std::string(error.what()).find(folder.path().string()), std::string::npos);
  }
}

TEST(Process, CountsItsDescriptors) {
  const auto collector = process_collector({});
  const auto count = [&] { return sample(collector->Collect(), "process_open_fds").value_or(0); };
  const auto before = (count(), count()); // the first one opens what stays open
  EXPECT_GE(before, 3);
  const auto another = core::open_file("/dev/null", O_RDONLY);
  EXPECT_EQ(count(), before + 1);
}

TEST(ProcessStat, ReadsAroundAnyCommandName) {
  const auto figures = parse_process_stat(captured("self/stat"), 100);
  EXPECT_EQ(figures.cpu_seconds, 0);
  EXPECT_EQ(figures.started_after_boot, 2088.47);
  EXPECT_EQ(figures.virtual_bytes, 3133440u);
  EXPECT_EQ(figures.resident_pages, 375u);
  const auto named = parse_process_stat(
      "7 (a) b (c) R 1 1 1 0 -1 0 0 0 0 0 150 50 0 0 20 0 1 0 300 4096 2 9 9\n", 100);
  EXPECT_EQ(named.cpu_seconds, 2);
  EXPECT_EQ(named.started_after_boot, 3);
}

TEST(ProcessStat, RefusesWhatIsCut) {
  EXPECT_THROW(parse_process_stat("", 100), core::CorruptData);
  EXPECT_THROW(parse_process_stat("7 (cat", 100), core::CorruptData);
  EXPECT_THROW(parse_process_stat("7 (cat) R 1 1 1 0 -1", 100), core::CorruptData);
}

} // namespace
} // namespace intendance::collectors
