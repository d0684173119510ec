// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/softnet.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

namespace intendance::collectors {

namespace {

// The places of the columns, net/core/net-procfs.c.
enum Column {
  processed,
  dropped,
  times_squeezed,
  cpu_collision = 8,
  received_rps,
  flow_limit_count,
  backlog_length,
  cpu_number,
};
constexpr std::size_t most_columns = 32;

} // namespace

std::vector<SoftnetFigures> parse_softnet(std::string_view text) {
  std::vector<SoftnetFigures> processors;
  while (auto line = next_line(text)) {
    std::vector<std::uint64_t> columns;
    for (auto word = next_word(*line); !word.empty() && columns.size() < most_columns;
         word = next_word(*line))
      columns.push_back(parse_hexadecimal(word, "softnet_stat"));
    if (columns.size() <= times_squeezed)
      throw core::CorruptData("/proc/net/softnet_stat: a line of " +
                              std::to_string(columns.size()) +
                              " columns, fewer than any Linux gives");
    const auto column = [&](Column which) {
      return columns.size() > which ? std::optional(columns[which]) : std::nullopt;
    };
    SoftnetFigures figures;
    // Old kernels don't say which processor a line is of, and only then may lines be counted.
    figures.cpu = std::to_string(column(cpu_number).value_or(processors.size()));
    figures.processed = columns[processed];
    figures.dropped = columns[dropped];
    figures.times_squeezed = columns[times_squeezed];
    figures.cpu_collision = column(cpu_collision);
    figures.received_rps = column(received_rps);
    figures.flow_limit_count = column(flow_limit_count);
    figures.backlog_length = column(backlog_length);
    processors.push_back(std::move(figures));
  }
  return processors;
}

Families publish_softnet(const std::vector<SoftnetFigures>& processors) {
  Families families = {
      counter_family("node_softnet_processed_total", "Packets that each CPU took in."),
      counter_family("node_softnet_dropped_total", "Packets dropped, its queue being full."),
      counter_family("node_softnet_times_squeezed_total",
                     "Times that work was left when its time or budget was used up."),
      counter_family("node_softnet_cpu_collision_total", "Collisions on a device's lock."),
      counter_family("node_softnet_received_rps_total",
                     "Times that another CPU woke this one for packets."),
      counter_family("node_softnet_flow_limit_count_total",
                     "Times that the limit of one flow was reached."),
      gauge_family("node_softnet_backlog_len", "Packets that wait for each CPU.")};
  for (const auto& figures : processors) {
    const std::array<std::optional<std::uint64_t>, 7> values = {
        figures.processed,     figures.dropped,      figures.times_squeezed,
        figures.cpu_collision, figures.received_rps, figures.flow_limit_count,
        figures.backlog_length};
    for (std::size_t i = 0; i < values.size(); ++i)
      if (values[i])
        add_sample(families[i], static_cast<double>(*values[i]), {{"cpu", figures.cpu}});
  }
  return families;
}

std::shared_ptr<prometheus::Collectable> softnet_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "net" / "softnet_stat");
  return make_collectable([file] {
    const auto text = file->read();
    return text ? publish_softnet(parse_softnet(*text)) : Families{};
  });
}

} // namespace intendance::collectors
