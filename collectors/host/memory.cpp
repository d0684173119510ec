// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/memory.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <limits>

namespace intendance::collectors {

namespace {

// "Active(anon)" → "Active_anon"; anything else that a metric's name cannot hold becomes '_' too.
std::string metric_part(std::string_view field) {
  std::string name;
  for (const char c : field) {
    const bool plain =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (plain)
      name += c;
    else if (c != ')')
      name += '_';
  }
  return name;
}

bool is_shown_by_vmstat(std::string_view field) {
  return field.starts_with("oom_kill") || field.starts_with("pgpg") || field.starts_with("pswp") ||
         (field.starts_with("pg") && field.find("fault") != std::string_view::npos);
}

} // namespace

std::vector<MemoryField> parse_meminfo(std::string_view text) {
  std::vector<MemoryField> fields;
  while (auto line = next_line(text)) {
    auto name = next_word(*line);
    if (name.empty()) continue;
    if (name.back() != ':')
      throw core::CorruptData("/proc/meminfo: \"" + std::string(name.substr(0, 40)) +
                              "\" is not a field's name");
    name.remove_suffix(1);
    auto value = parse_count(next_word(*line), name);
    const bool kilobytes = next_word(*line) == "kB";
    if (kilobytes && value > std::numeric_limits<std::uint64_t>::max() / 1024)
      throw core::CorruptData(std::string(name) + ": " + std::to_string(value) +
                              " kB is too large");
    fields.push_back(
        {metric_part(name) + (kilobytes ? "_bytes" : ""), kilobytes ? value * 1024 : value});
  }
  if (fields.empty()) throw core::CorruptData("/proc/meminfo is empty");
  return fields;
}

Families publish_meminfo(const std::vector<MemoryField>& fields) {
  Families families;
  for (const auto& field : fields) {
    families.push_back(
        gauge_family("node_memory_" + field.name, field.name + " of /proc/meminfo."));
    add_sample(families.back(), static_cast<double>(field.value));
  }
  return families;
}

std::vector<MemoryField> parse_vmstat(std::string_view text) {
  std::vector<MemoryField> fields;
  while (auto line = next_line(text))
    if (const auto name = next_word(*line); is_shown_by_vmstat(name))
      fields.push_back({metric_part(name), parse_count(next_word(*line), name)});
  return fields;
}

Families publish_vmstat(const std::vector<MemoryField>& fields) {
  Families families;
  for (const auto& field : fields) {
    // Untyped, as node_exporter has them: the file mixes counters and gauges.
    families.push_back(
        untyped_family("node_vmstat_" + field.name, field.name + " of /proc/vmstat."));
    add_sample(families.back(), static_cast<double>(field.value));
  }
  return families;
}

std::shared_ptr<prometheus::Collectable> meminfo_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "meminfo");
  return make_collectable([file] { return publish_meminfo(parse_meminfo(file->read_required())); });
}

std::shared_ptr<prometheus::Collectable> vmstat_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "vmstat");
  return make_collectable([file] {
    const auto text = file->read();
    return text ? publish_vmstat(parse_vmstat(*text)) : Families{};
  });
}

} // namespace intendance::collectors
