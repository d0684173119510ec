// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/load.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

namespace intendance::collectors {

LoadAverages parse_loadavg(std::string_view text) {
  LoadAverages averages{};
  for (auto& average : averages) average = parse_decimal(next_word(text), "/proc/loadavg");
  return averages;
}

Families publish_loadavg(const LoadAverages& averages) {
  constexpr std::array<const char*, 3> minutes = {"1", "5", "15"};
  Families families;
  for (std::size_t i = 0; i < averages.size(); ++i) {
    families.push_back(gauge_family(std::string("node_load") + minutes[i],
                                    std::string("Load average over ") + minutes[i] + " minutes."));
    add_sample(families.back(), averages[i]);
  }
  return families;
}

Pressure parse_pressure(std::string_view text) {
  Pressure pressure;
  while (auto line = next_line(text)) {
    // some avg10=0.00 avg60=0.00 avg300=0.00 total=0
    const auto who = next_word(*line);
    std::optional<std::uint64_t>* share = who == "some"   ? &pressure.some
                                          : who == "full" ? &pressure.full
                                                          : nullptr;
    if (share == nullptr) continue;
    constexpr std::string_view total = "total=";
    for (auto word = next_word(*line); !word.empty(); word = next_word(*line))
      if (word.starts_with(total)) *share = parse_count(word.substr(total.size()), total);
    if (!*share)
      throw core::CorruptData("/proc/pressure: no total for \"" + std::string(who) + "\"");
  }
  return pressure;
}

Families publish_pressure(const MachinePressure& pressure) {
  Families families;
  const auto add = [&](const char* name, const char* help,
                       const std::optional<std::uint64_t>& microseconds) {
    if (!microseconds) return;
    families.push_back(
        counter_family(std::string("node_pressure_") + name + "_seconds_total", help));
    add_sample(families.back(), static_cast<double>(*microseconds) / 1e6);
  };
  if (pressure.cpu)
    add("cpu_waiting", "Seconds during which some work waited for a processor.",
        pressure.cpu->some);
  if (pressure.io) {
    add("io_waiting", "Seconds during which some work waited for a disk.", pressure.io->some);
    add("io_stalled", "Seconds during which all work waited for a disk.", pressure.io->full);
  }
  if (pressure.memory) {
    add("memory_waiting", "Seconds during which some work waited for memory.",
        pressure.memory->some);
    add("memory_stalled", "Seconds during which all work waited for memory.",
        pressure.memory->full);
  }
  if (pressure.irq)
    add("irq_stalled", "Seconds during which interrupts held all work up.", pressure.irq->full);
  return families;
}

std::shared_ptr<prometheus::Collectable> loadavg_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "loadavg");
  return make_collectable([file] { return publish_loadavg(parse_loadavg(file->read_required())); });
}

std::shared_ptr<prometheus::Collectable> pressure_collector(const HostRoots& roots) {
  const auto folder = roots.proc / "pressure";
  struct Files {
    KernelFile cpu, io, memory, irq;
  };
  auto files = std::shared_ptr<const Files>(
      new Files{KernelFile(folder / "cpu"), KernelFile(folder / "io"),
                KernelFile(folder / "memory"), KernelFile(folder / "irq")});
  return make_collectable([files] {
    const auto read = [](const KernelFile& file) {
      const auto text = file.read();
      return text ? std::optional(parse_pressure(*text)) : std::nullopt;
    };
    return publish_pressure(
        {read(files->cpu), read(files->io), read(files->memory), read(files->irq)});
  });
}

} // namespace intendance::collectors
