// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/control_groups.hpp"
#include "core/error.hpp"
#include "tests/collectors/support.hpp"

#include <gtest/gtest.h>

namespace intendance::collectors {
namespace {

// A tree of control groups in a temporary folder, made of recorded files.
class ControlGroups : public testing::Test {
protected:
  void write(const std::string& path, std::string_view text) const {
    core::make_folders((root() / path).parent_path());
    core::write_file_atomically(root() / path, text);
  }
  static std::string recorded(const std::string& file) {
    return core::read_file(std::filesystem::path(FIXTURES) / "cgroup" / file);
  }
  void unified() const { write("cgroup.controllers", "cpuset cpu io memory pids\n"); }
  Families collect() const {
    return control_groups_collector({folder_.path(), folder_.path()})->Collect();
  }
  std::filesystem::path root() const { return folder_.path() / "fs" / "cgroup"; }

  core::TemporaryDirectory folder_;
};

TEST_F(ControlGroups, UnifiedGroupsHaveAllFigures) {
  unified();
  const std::string unit = "system.slice/nginx.service/";
  for (const char* file : {"cpu.stat", "cpu.pressure", "io.pressure", "memory.pressure"})
    write(unit + file, recorded(std::string("v2/") + file));
  write(unit + "memory.current", "3576623104\n");
  write(unit + "memory.events", "low 0\nhigh 0\nmax 31\noom 2\noom_kill 1\noom_group_kill 0\n");
  write(unit + "pids.current", "17\n");
  write(unit + "io.stat", "7:0 \n254:0 rbytes=4096 wbytes=8192 rios=1 wios=2 dbytes=0 dios=0\n"
                          "253:1 rbytes=1 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n");
  const auto families = collect();
  const auto value = [&](const char* name, std::map<std::string, std::string> labels = {}) {
    labels["unit"] = "nginx.service";
    return sample(families, std::string("intendance_unit_") + name, labels);
  };
  EXPECT_EQ(value("cpu_seconds_total", {{"mode", "user"}}), 45593.768);
  EXPECT_EQ(value("cpu_seconds_total", {{"mode", "system"}}), 18096.216);
  EXPECT_EQ(value("memory_bytes"), 3576623104.0);
  EXPECT_EQ(value("oom_kills_total"), 1);
  EXPECT_EQ(value("tasks"), 17);
  EXPECT_EQ(value("io_read_bytes_total", {{"device", "254:0"}}), 4096);
  EXPECT_EQ(value("io_written_bytes_total", {{"device", "254:0"}}), 8192);
  EXPECT_EQ(value("io_reads_total", {{"device", "253:1"}}), 1);
  EXPECT_EQ(value("io_writes_total", {{"device", "254:0"}}), 2);
  EXPECT_EQ(sample_count(families, "intendance_unit_io_reads_total"), 2u); // none of 7:0
  EXPECT_EQ(value("pressure_cpu_waiting_seconds_total"), 22606.419245);
  EXPECT_EQ(value("pressure_io_waiting_seconds_total"), 1690.742411);
  EXPECT_EQ(value("pressure_io_stalled_seconds_total"), 816.230643);
  EXPECT_EQ(value("pressure_memory_waiting_seconds_total"), 0);
  EXPECT_EQ(value("pressure_memory_stalled_seconds_total"), 0);
}

TEST_F(ControlGroups, SeparateGroupsHaveWhatVersionOneKnows) {
  const std::string unit = "system.slice/nginx.service/";
  std::filesystem::create_directories(root() / "systemd" / unit);
  for (const char* file : {"cpuacct.usage_user", "cpuacct.usage_sys"})
    write("cpuacct/" + unit + file, recorded(std::string("v1/") + file));
  for (const char* file : {"memory.usage_in_bytes", "memory.oom_control"})
    write("memory/" + unit + file, recorded(std::string("v1/") + file));
  write("pids/" + unit + "pids.current", "4\n");
  write("blkio/" + unit + "blkio.throttle.io_service_bytes_recursive",
        "254:0 Read 4096\n254:0 Write 8192\n254:0 Sync 0\n254:0 Total 12288\nTotal 12288\n");
  write("blkio/" + unit + "blkio.throttle.io_serviced_recursive",
        "254:0 Read 1\n254:0 Write 2\n254:0 Total 3\nTotal 3\n");
  const auto families = collect();
  const auto value = [&](const char* name, std::map<std::string, std::string> labels = {}) {
    labels["unit"] = "nginx.service";
    return sample(families, std::string("intendance_unit_") + name, labels);
  };
  EXPECT_EQ(value("cpu_seconds_total", {{"mode", "user"}}), 45593.836);
  EXPECT_EQ(value("cpu_seconds_total", {{"mode", "system"}}), 18096.256);
  EXPECT_EQ(value("memory_bytes"), 3576623104.0);
  EXPECT_EQ(value("oom_kills_total"), 0);
  EXPECT_EQ(value("tasks"), 4);
  EXPECT_EQ(value("io_written_bytes_total", {{"device", "254:0"}}), 8192);
  EXPECT_EQ(value("io_reads_total", {{"device", "254:0"}}), 1);
  EXPECT_EQ(sample_count(families, "intendance_unit_pressure_cpu_waiting_seconds_total"), 0u);
}

TEST_F(ControlGroups, UnitsAreFoundInSlicesAndOnlyThere) {
  for (const char* folder :
       {"system.slice/a.service/inner.service", "system.slice/b.socket",
        "system.slice/system-postgresql.slice/postgresql@15-main.service",
        "user.slice/user-1000.slice/user@1000.service/app.slice/x.service",
        "user.slice/user-1000.slice/session-3.scope", "init.scope", "not-a-unit/c.service"})
    std::filesystem::create_directories(root() / folder);
  std::vector<std::string> units;
  for (const auto& found : find_units(root())) units.push_back(found.unit);
  EXPECT_EQ(units, (std::vector<std::string>{"init.scope", "a.service", "b.socket",
                                             "postgresql@15-main.service", "user-1000.slice"}));
}

TEST_F(ControlGroups, UnitsComeAndGo) {
  unified();
  const auto collector = control_groups_collector({folder_.path(), folder_.path()});
  EXPECT_EQ(sample_count(collector->Collect(), "intendance_unit_tasks"), 0u);
  for (int i = 0; i < 80; ++i) // more than stay open
    write("system.slice/u" + std::to_string(i) + ".service/pids.current", "1\n");
  EXPECT_EQ(sample_count(collector->Collect(), "intendance_unit_tasks"), 80u);
  std::filesystem::remove_all(root() / "system.slice" / "u7.service");
  const auto families = collector->Collect();
  EXPECT_EQ(sample_count(families, "intendance_unit_tasks"), 79u);
  EXPECT_EQ(sample(families, "intendance_unit_tasks", {{"unit", "u7.service"}}), std::nullopt);
}

TEST_F(ControlGroups, AMachineWithoutSystemdHasNoUnits) {
  for (const auto& family : collect()) EXPECT_TRUE(family.metric.empty()) << family.name;
}

TEST(ControlGroupFiles, RefuseGarbage) {
  EXPECT_THROW(parse_cpu_stat(""), core::CorruptData);
  EXPECT_THROW(parse_cpu_stat("user_usec 1\n"), core::CorruptData);
  EXPECT_THROW(parse_cpu_stat("user_usec x\nsystem_usec 1\n"), core::CorruptData);
  EXPECT_TRUE(parse_io_stat("").empty());
  EXPECT_THROW(parse_io_stat("254:0 rbytes=x\n"), core::CorruptData);
  EXPECT_THROW(parse_io_stat("254:0 rbytes=\n"), core::CorruptData);
  EXPECT_TRUE(parse_io_stat("254:0 rbytes wbytes later=x\n").empty());
  EXPECT_THROW(parse_blkio("254:0 Read\n", ""), core::CorruptData);
  EXPECT_EQ(parse_keyed("oom 1\n", "oom_kill"), std::nullopt);
}

} // namespace
} // namespace intendance::collectors
