// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/limits.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <array>

namespace intendance::collectors {

namespace {

// A file with one number, and the gauge that shows it.
struct Limit {
  const char* file; // beneath /proc
  const char* name;
  const char* help;
};

constexpr std::array<Limit, 2> entropy = {
    {{"sys/kernel/random/entropy_avail", "node_entropy_available_bits", "Bits of entropy at hand."},
     {"sys/kernel/random/poolsize", "node_entropy_pool_size_bits", "Bits that the pool holds."}}};
constexpr std::array<Limit, 2> conntrack = {
    {{"sys/net/netfilter/nf_conntrack_count", "node_nf_conntrack_entries",
      "Connections that the firewall tracks."},
     {"sys/net/netfilter/nf_conntrack_max", "node_nf_conntrack_entries_limit",
      "Connections that it can track."}}};

std::shared_ptr<prometheus::Collectable> limits_collector(const HostRoots& roots,
                                                          const std::array<Limit, 2>& limits) {
  std::vector<std::pair<Limit, std::shared_ptr<const KernelFile>>> files;
  for (const auto& limit : limits)
    files.emplace_back(limit, std::make_shared<const KernelFile>(roots.proc / limit.file));
  return make_collectable([files] {
    Families families;
    for (const auto& [limit, file] : files)
      if (const auto text = file->read()) {
        std::string_view rest = *text;
        families.push_back(gauge_family(limit.name, limit.help));
        add_sample(families.back(),
                   static_cast<double>(parse_count(next_line(rest).value_or(""), limit.file)));
      }
    return families;
  });
}

} // namespace

FileHandles parse_file_nr(std::string_view text) {
  auto line = next_line(text).value_or("");
  FileHandles handles{};
  handles.allocated = parse_count(next_word(line), "file-nr");
  next_word(line); // free ones, 0 since Linux 2.6
  handles.maximum = parse_count(next_word(line), "file-nr");
  return handles;
}

Families publish_file_handles(const FileHandles& handles) {
  auto allocated = gauge_family("node_filefd_allocated", "Open files of the whole machine.");
  auto maximum = gauge_family("node_filefd_maximum", "Open files that the machine can have.");
  add_sample(allocated, static_cast<double>(handles.allocated));
  add_sample(maximum, static_cast<double>(handles.maximum));
  return {std::move(allocated), std::move(maximum)};
}

std::shared_ptr<prometheus::Collectable> filefd_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "sys" / "fs" / "file-nr");
  return make_collectable([file] {
    const auto text = file->read();
    return text ? publish_file_handles(parse_file_nr(*text)) : Families{};
  });
}

std::shared_ptr<prometheus::Collectable> entropy_collector(const HostRoots& roots) {
  return limits_collector(roots, entropy);
}

std::shared_ptr<prometheus::Collectable> conntrack_collector(const HostRoots& roots) {
  return limits_collector(roots, conntrack);
}

} // namespace intendance::collectors
