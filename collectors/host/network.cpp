// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/network.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

constexpr std::array<const char*, 16> column_names = {
    "receive_bytes",  "receive_packets",  "receive_errs",       "receive_drop",
    "receive_fifo",   "receive_frame",    "receive_compressed", "receive_multicast",
    "transmit_bytes", "transmit_packets", "transmit_errs",      "transmit_drop",
    "transmit_fifo",  "transmit_colls",   "transmit_carrier",   "transmit_compressed"};

std::vector<std::string> interface_names(const std::filesystem::path& folder) {
  std::vector<std::string> names;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().filename() != "bonding_masters") // a file of the bonding driver, no interface
      names.push_back(entry.path().filename().string());
  if (error && error != std::errc::no_such_file_or_directory)
    throw core::Error("listing " + folder.string() + ": " + error.message());
  std::sort(names.begin(), names.end());
  return names;
}

std::string first_word(std::string_view text) { return std::string(next_word(text)); }

} // namespace

std::vector<InterfaceCounters> parse_net_dev(std::string_view text) {
  std::vector<InterfaceCounters> interfaces;
  next_line(text); // two lines of headings
  next_line(text);
  while (auto line = next_line(text)) {
    // "eth0:123" when the number is wide; an alias holds a colon itself: "eth0:0: 123"
    const auto colon = line->rfind(':');
    if (colon == std::string_view::npos)
      throw core::CorruptData("/proc/net/dev: no interface in \"" +
                              std::string(line->substr(0, 80)) + "\"");
    InterfaceCounters interface;
    interface.device = first_word(line->substr(0, colon));
    auto columns = line->substr(colon + 1);
    for (auto& column : interface.columns)
      column = parse_count(next_word(columns), interface.device);
    interfaces.push_back(std::move(interface));
  }
  return interfaces;
}

Families publish_netdev(const std::vector<InterfaceCounters>& interfaces) {
  Families families;
  for (std::size_t i = 0; i < column_names.size(); ++i) {
    const std::string name = column_names[i];
    auto family =
        counter_family("node_network_" + name + "_total", name + " of the interface since boot.");
    for (const auto& interface : interfaces)
      add_sample(family, static_cast<double>(interface.columns[i]), {{"device", interface.device}});
    families.push_back(std::move(family));
  }
  auto no_handler = counter_family("node_network_receive_nohandler_total",
                                   "Packets received that no protocol of this machine wanted.");
  for (const auto& interface : interfaces)
    if (interface.no_handler)
      add_sample(no_handler, static_cast<double>(*interface.no_handler),
                 {{"device", interface.device}});
  families.push_back(std::move(no_handler));
  return families;
}

InterfaceState parse_interface(std::string device, const InterfaceAttributes& attributes) {
  const auto count = [&](const std::optional<std::string>& text, std::string_view attribute) {
    std::optional<std::uint64_t> value;
    if (text) value = parse_count(*text, device + " " + std::string(attribute));
    return value;
  };
  InterfaceState state;
  state.up = attributes.operstate == "up";
  state.mtu_bytes = count(attributes.mtu, "mtu");
  state.carrier = count(attributes.carrier, "carrier");
  if (attributes.speed && !attributes.speed->starts_with('-'))
    state.speed_bytes = static_cast<double>(*count(attributes.speed, "speed")) * 1e6 / 8;
  state.device = std::move(device);
  return state;
}

Families publish_netclass(const std::vector<InterfaceState>& interfaces) {
  auto up = gauge_family("node_network_up", "Whether the interface's operstate is up.");
  auto mtu = gauge_family("node_network_mtu_bytes", "Largest packet of the interface.");
  auto carrier = gauge_family("node_network_carrier", "Whether the interface has a link.");
  auto speed = gauge_family("node_network_speed_bytes", "Bytes a second that the link can carry.");
  for (const auto& interface : interfaces) {
    const Labels labels = {{"device", interface.device}};
    const auto add = [&](auto& family, const auto& value) {
      if (value) add_sample(family, static_cast<double>(*value), labels);
    };
    add_sample(up, interface.up ? 1 : 0, labels);
    add(mtu, interface.mtu_bytes);
    add(carrier, interface.carrier);
    add(speed, interface.speed_bytes);
  }
  Families families;
  for (auto* family : {&up, &mtu, &carrier, &speed}) families.push_back(std::move(*family));
  return families;
}

std::shared_ptr<prometheus::Collectable> netdev_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "net" / "dev");
  return make_collectable([file, folder = roots.sys / "class" / "net"] {
    auto interfaces = parse_net_dev(file->read_required());
    for (auto& interface : interfaces)
      if (const auto text =
              read_attribute(folder / interface.device / "statistics" / "rx_nohandler"))
        interface.no_handler = parse_count(*text, interface.device);
    return publish_netdev(interfaces);
  });
}

std::shared_ptr<prometheus::Collectable> netclass_collector(const HostRoots& roots) {
  return make_collectable([folder = roots.sys / "class" / "net"] {
    std::vector<InterfaceState> interfaces;
    for (const auto& name : interface_names(folder)) {
      const auto attribute = [&](const char* which) {
        return read_attribute(folder / name / which);
      };
      interfaces.push_back(parse_interface(name, {attribute("operstate"), attribute("mtu"),
                                                  attribute("carrier"), attribute("speed")}));
    }
    return publish_netclass(interfaces);
  });
}

} // namespace intendance::collectors
