// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/processor.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

bool is_number(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// The words of `rest` with one space between them.
std::string joined_words(std::string_view rest) {
  std::string text;
  for (auto word = next_word(rest); !word.empty(); word = next_word(rest)) {
    if (!text.empty()) text += ' ';
    text += word;
  }
  return text;
}

// "CPU0 CPU2": the columns' processors, of which some may be offline.
std::vector<std::string> column_processors(std::string_view line) {
  std::vector<std::string> processors;
  for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
    if (!word.starts_with("CPU"))
      throw core::CorruptData("/proc/interrupts: \"" + std::string(word.substr(0, 40)) +
                              "\" is not a processor");
    processors.emplace_back(word.substr(3));
  }
  if (processors.empty()) throw core::CorruptData("/proc/interrupts names no processor");
  return processors;
}

// Absent for a line that has fewer numbers than there are processors.
std::optional<Interrupt> parse_interrupt(std::string_view line,
                                         const std::vector<std::string>& processors) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto label = line.substr(0, colon);
  Interrupt interrupt;
  interrupt.name = next_word(label);
  line.remove_prefix(colon + 1);
  for (const auto& processor : processors) {
    const auto word = next_word(line);
    if (!is_number(word)) return std::nullopt;
    interrupt.counts.emplace_back(processor, parse_count(word, interrupt.name));
  }
  if (is_number(interrupt.name)) {
    interrupt.info = next_word(line);
    interrupt.devices = joined_words(line);
  } else {
    interrupt.info = joined_words(line);
  }
  // ERR and MIS have nothing to say after their number, which on one processor looks like a count.
  if (interrupt.info.empty()) return std::nullopt;
  return interrupt;
}

} // namespace

std::vector<ScheduleFigures> parse_schedstat(std::string_view text) {
  std::vector<ScheduleFigures> processors;
  while (auto line = next_line(text)) {
    const auto name = next_word(*line);
    if (!name.starts_with("cpu") || !is_number(name.substr(3))) continue; // version, domains
    ScheduleFigures figures;
    figures.cpu = name.substr(3);
    for (int skipped = 0; skipped < 6; ++skipped) next_word(*line);
    figures.running_ns = parse_count(next_word(*line), name);
    figures.waiting_ns = parse_count(next_word(*line), name);
    figures.timeslices = parse_count(next_word(*line), name);
    processors.push_back(std::move(figures));
  }
  return processors;
}

Families publish_schedstat(const std::vector<ScheduleFigures>& processors) {
  auto running = counter_family("node_schedstat_running_seconds_total",
                                "Seconds that tasks spent running on each CPU.");
  auto waiting = counter_family("node_schedstat_waiting_seconds_total",
                                "Seconds that tasks spent waiting for each CPU.");
  auto timeslices =
      counter_family("node_schedstat_timeslices_total", "Timeslices that each CPU gave.");
  for (const auto& figures : processors) {
    const Labels labels = {{"cpu", figures.cpu}};
    add_sample(running, static_cast<double>(figures.running_ns) / 1e9, labels);
    add_sample(waiting, static_cast<double>(figures.waiting_ns) / 1e9, labels);
    add_sample(timeslices, static_cast<double>(figures.timeslices), labels);
  }
  return {std::move(running), std::move(waiting), std::move(timeslices)};
}

std::vector<Interrupt> parse_interrupts(std::string_view text) {
  const auto processors = column_processors(next_line(text).value_or(""));
  std::vector<Interrupt> interrupts;
  while (const auto line = next_line(text))
    if (auto interrupt = parse_interrupt(*line, processors))
      interrupts.push_back(std::move(*interrupt));
  return interrupts;
}

Families publish_interrupts(const std::vector<Interrupt>& interrupts) {
  auto family = counter_family("node_interrupts_total", "Interrupts by their kind and CPU.");
  for (const auto& interrupt : interrupts)
    for (const auto& [processor, count] : interrupt.counts)
      add_sample(family, static_cast<double>(count),
                 {{"cpu", processor},
                  {"type", interrupt.name},
                  {"info", interrupt.info},
                  {"devices", interrupt.devices}});
  return {std::move(family)};
}

std::shared_ptr<prometheus::Collectable> schedstat_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "schedstat");
  return make_collectable([file] {
    const auto text = file->read();
    return text ? publish_schedstat(parse_schedstat(*text)) : Families{};
  });
}

std::shared_ptr<prometheus::Collectable> interrupts_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "interrupts");
  return make_collectable([file] {
    const auto text = file->read();
    return text ? publish_interrupts(parse_interrupts(*text)) : Families{};
  });
}

} // namespace intendance::collectors
