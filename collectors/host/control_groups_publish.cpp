// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/control_groups.hpp"

namespace intendance::collectors {

namespace {

// The families of units, each begun once.
struct UnitFamilies {
  prometheus::MetricFamily cpu =
      counter_family("intendance_unit_cpu_seconds_total", "Processor time of each systemd unit.");
  prometheus::MetricFamily memory = gauge_family(
      "intendance_unit_memory_bytes", "Memory of each systemd unit, its part of the page cache "
                                      "included.");
  prometheus::MetricFamily oom = counter_family("intendance_unit_oom_kills_total",
                                                "Processes of the unit killed for want of memory.");
  prometheus::MetricFamily tasks =
      gauge_family("intendance_unit_tasks", "Processes and threads of each systemd unit.");
  prometheus::MetricFamily read_bytes =
      counter_family("intendance_unit_io_read_bytes_total", "Bytes the unit read from a device.");
  prometheus::MetricFamily written_bytes =
      counter_family("intendance_unit_io_written_bytes_total", "Bytes the unit wrote to a device.");
  prometheus::MetricFamily reads =
      counter_family("intendance_unit_io_reads_total", "Reads of the unit from a device.");
  prometheus::MetricFamily writes =
      counter_family("intendance_unit_io_writes_total", "Writes of the unit to a device.");
  prometheus::MetricFamily cpu_waiting =
      counter_family("intendance_unit_pressure_cpu_waiting_seconds_total",
                     "Seconds during which some work of the unit waited for a processor.");
  prometheus::MetricFamily io_waiting =
      counter_family("intendance_unit_pressure_io_waiting_seconds_total",
                     "Seconds during which some work of the unit waited for a disk.");
  prometheus::MetricFamily io_stalled =
      counter_family("intendance_unit_pressure_io_stalled_seconds_total",
                     "Seconds during which all work of the unit waited for a disk.");
  prometheus::MetricFamily memory_waiting =
      counter_family("intendance_unit_pressure_memory_waiting_seconds_total",
                     "Seconds during which some work of the unit waited for memory.");
  prometheus::MetricFamily memory_stalled =
      counter_family("intendance_unit_pressure_memory_stalled_seconds_total",
                     "Seconds during which all work of the unit waited for memory.");
};

void add_pressure(UnitFamilies& all, const UnitFigures& unit) {
  const auto add = [&](prometheus::MetricFamily& family,
                       const std::optional<std::uint64_t>& microseconds) {
    if (microseconds)
      add_sample(family, static_cast<double>(*microseconds) / 1e6, {{"unit", unit.unit}});
  };
  if (unit.pressure.cpu) add(all.cpu_waiting, unit.pressure.cpu->some);
  if (unit.pressure.io) {
    add(all.io_waiting, unit.pressure.io->some);
    add(all.io_stalled, unit.pressure.io->full);
  }
  if (unit.pressure.memory) {
    add(all.memory_waiting, unit.pressure.memory->some);
    add(all.memory_stalled, unit.pressure.memory->full);
  }
}

void add_unit(UnitFamilies& all, const UnitFigures& unit) {
  const Labels labels = {{"unit", unit.unit}};
  const auto add = [&](prometheus::MetricFamily& family,
                       const std::optional<std::uint64_t>& value) {
    if (value) add_sample(family, static_cast<double>(*value), labels);
  };
  if (unit.cpu) {
    add_sample(all.cpu, unit.cpu->user_seconds, {{"unit", unit.unit}, {"mode", "user"}});
    add_sample(all.cpu, unit.cpu->system_seconds, {{"unit", unit.unit}, {"mode", "system"}});
  }
  add(all.memory, unit.memory_bytes);
  add(all.oom, unit.oom_kills);
  add(all.tasks, unit.tasks);
  for (const auto& io : unit.io) {
    const Labels device = {{"unit", unit.unit}, {"device", io.device}};
    add_sample(all.read_bytes, static_cast<double>(io.read_bytes), device);
    add_sample(all.written_bytes, static_cast<double>(io.written_bytes), device);
    add_sample(all.reads, static_cast<double>(io.reads), device);
    add_sample(all.writes, static_cast<double>(io.writes), device);
  }
  add_pressure(all, unit);
}

} // namespace

Families publish_units(const std::vector<UnitFigures>& units) {
  UnitFamilies all;
  for (const auto& unit : units) add_unit(all, unit);
  Families families;
  for (auto* family : {&all.cpu, &all.memory, &all.oom, &all.tasks, &all.read_bytes,
                       &all.written_bytes, &all.reads, &all.writes, &all.cpu_waiting,
                       &all.io_waiting, &all.io_stalled, &all.memory_waiting, &all.memory_stalled})
    families.push_back(std::move(*family));
  return families;
}

} // namespace intendance::collectors
