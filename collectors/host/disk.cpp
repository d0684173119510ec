// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/disk.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

namespace intendance::collectors {

namespace {

constexpr std::size_t least_columns = 11; // since Linux 2.6

struct Column {
  const char* name;
  const char* help;
  double multiply;
  double divide; // apart from multiply: 0.001 is no double
};

constexpr std::array<Column, 17> columns = {{
    {"reads_completed_total", "Reads completed.", 1, 1},
    {"reads_merged_total", "Reads merged into a neighbour.", 1, 1},
    {"read_bytes_total", "Bytes read.", 512, 1},
    {"read_time_seconds_total", "Seconds spent by all reads together.", 1, 1000},
    {"writes_completed_total", "Writes completed.", 1, 1},
    {"writes_merged_total", "Writes merged into a neighbour.", 1, 1},
    {"written_bytes_total", "Bytes written.", 512, 1},
    {"write_time_seconds_total", "Seconds spent by all writes together.", 1, 1000},
    {"io_now", "Requests under way.", 1, 1},
    {"io_time_seconds_total", "Seconds during which any request was under way.", 1, 1000},
    {"io_time_weighted_seconds_total", "Seconds under way, times the requests under way.", 1, 1000},
    {"discards_completed_total", "Discards completed.", 1, 1},
    {"discards_merged_total", "Discards merged into a neighbour.", 1, 1},
    {"discarded_sectors_total", "Sectors discarded.", 1, 1},
    {"discard_time_seconds_total", "Seconds spent by all discards together.", 1, 1000},
    {"flush_requests_total", "Flushes completed.", 1, 1},
    {"flush_requests_time_seconds_total", "Seconds spent by all flushes together.", 1, 1000},
}};
constexpr std::size_t io_now = 8; // the only one that is not a counter

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_digits(std::string_view text) {
  while (!text.empty() && is_digit(text.back())) text.remove_suffix(1);
  return text;
}

// nvme0n1p, once the partition's number is gone
bool is_nvme_partition(std::string_view stem) {
  if (stem.empty() || stem.back() != 'p') return false;
  stem.remove_suffix(1);
  auto name = without_digits(stem);
  if (name.size() == stem.size() || name.empty() || name.back() != 'n') return false;
  name.remove_suffix(1);
  const auto driver = without_digits(name);
  return driver.size() < name.size() && driver == "nvme";
}

} // namespace

bool is_ignored_disk(std::string_view device) {
  const auto stem = without_digits(device);
  if (stem.size() == device.size()) return false;
  if (stem == "ram" || stem == "zram" || stem == "loop" || stem == "fd" || is_nvme_partition(stem))
    return true;
  // hda1, sda1, vda1, xvda1
  if (stem.size() < 3 || stem.back() < 'a' || stem.back() > 'z') return false;
  const auto bus = stem.substr(0, stem.size() - 1);
  return bus == "hd" || bus == "sd" || bus == "vd" || bus == "xvd";
}

std::vector<DiskFigures> parse_diskstats(std::string_view text) {
  std::vector<DiskFigures> disks;
  while (auto line = next_line(text)) {
    next_word(*line); // the device's major and minor numbers
    next_word(*line);
    DiskFigures disk;
    disk.device = next_word(*line);
    if (is_ignored_disk(disk.device)) continue;
    while (disk.known < disk.columns.size()) {
      const auto word = next_word(*line);
      if (word.empty()) break;
      disk.columns[disk.known++] = parse_count(word, disk.device);
    }
    if (disk.known < least_columns)
      throw core::CorruptData("/proc/diskstats: \"" + disk.device + "\" has " +
                              std::to_string(disk.known) + " figures, fewer than any Linux gives");
    disks.push_back(std::move(disk));
  }
  return disks;
}

Families publish_diskstats(const std::vector<DiskFigures>& disks) {
  Families families;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    const auto name = std::string("node_disk_") + columns[i].name;
    auto family =
        i == io_now ? gauge_family(name, columns[i].help) : counter_family(name, columns[i].help);
    for (const auto& disk : disks)
      if (i < disk.known)
        add_sample(family,
                   static_cast<double>(disk.columns[i]) * columns[i].multiply / columns[i].divide,
                   {{"device", disk.device}});
    families.push_back(std::move(family));
  }
  return families;
}

std::shared_ptr<prometheus::Collectable> diskstats_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "diskstats");
  return make_collectable([file] {
    const auto text = file->read(); // a container's kernel view may have none
    return text ? publish_diskstats(parse_diskstats(*text)) : Families{};
  });
}

} // namespace intendance::collectors
