// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/network.hpp"

#include "collectors/host/text.hpp"
#include "core/error.hpp"

#include <algorithm>
#include <map>

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

// Interfaces whose attributes stay open between scrapes; a host of containers may have hundreds.
constexpr std::size_t most_kept = 8;

// The attributes of one interface, named as in /sys/class/net/DEVICE.
struct InterfaceFiles {
  explicit InterfaceFiles(const std::filesystem::path& folder)
      : operstate(folder / "operstate"), mtu(folder / "mtu"), carrier(folder / "carrier"),
        speed(folder / "speed"), address(folder / "address"), broadcast(folder / "broadcast"),
        duplex(folder / "duplex"), ifalias(folder / "ifalias"),
        carrier_changes(folder / "carrier_changes"), carrier_up_count(folder / "carrier_up_count"),
        carrier_down_count(folder / "carrier_down_count"), tx_queue_len(folder / "tx_queue_len") {}

  InterfaceAttributes read() {
    return {operstate.read(),
            mtu.read(),
            carrier.read(),
            speed.read(),
            address.read(),
            broadcast.read(),
            duplex.read(),
            ifalias.read(),
            carrier_changes.read(),
            carrier_up_count.read(),
            carrier_down_count.read(),
            tx_queue_len.read()};
  }

  KernelAttribute operstate, mtu, carrier, speed, address, broadcast, duplex, ifalias,
      carrier_changes, carrier_up_count, carrier_down_count, tx_queue_len;
};

// What is kept open of each interface, by its name. Those that are no longer asked for are closed.
template <class Files>
class KeptFiles {
public:
  // Calls use(name, its files) for each of `names`.
  template <class Open, class Use>
  void visit(const std::vector<std::string>& names, Open&& open, Use&& use) {
    std::map<std::string, Files> kept;
    for (const auto& name : names) {
      auto node = files_.extract(name);
      auto files = node.empty() ? open(name) : std::move(node.mapped());
      use(name, files);
      if (kept.size() < most_kept) kept.emplace(name, std::move(files));
    }
    files_ = std::move(kept);
  }

private:
  std::map<std::string, Files> files_;
};

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
  state.operstate = attributes.operstate.value_or("");
  state.up = state.operstate == "up";
  state.address = attributes.address.value_or("");
  state.broadcast = attributes.broadcast.value_or("");
  state.duplex = attributes.duplex.value_or("");
  state.alias = attributes.ifalias.value_or("");
  state.mtu_bytes = count(attributes.mtu, "mtu");
  state.carrier = count(attributes.carrier, "carrier");
  state.queue_length = count(attributes.tx_queue_len, "tx_queue_len");
  state.carrier_changes = count(attributes.carrier_changes, "carrier_changes");
  state.carrier_up_changes = count(attributes.carrier_up_count, "carrier_up_count");
  state.carrier_down_changes = count(attributes.carrier_down_count, "carrier_down_count");
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
  auto queue = gauge_family("node_network_transmit_queue_length", "Packets that may wait for it.");
  auto changes = counter_family("node_network_carrier_changes_total", "Links lost and found.");
  auto ups = counter_family("node_network_carrier_up_changes_total", "Links found.");
  auto downs = counter_family("node_network_carrier_down_changes_total", "Links lost.");
  auto info = gauge_family("node_network_info", "What the interface is, as labels.");
  for (const auto& interface : interfaces) {
    const Labels labels = {{"device", interface.device}};
    const auto add = [&](auto& family, const auto& value) {
      if (value) add_sample(family, static_cast<double>(*value), labels);
    };
    add_sample(up, interface.up ? 1 : 0, labels);
    add(mtu, interface.mtu_bytes);
    add(carrier, interface.carrier);
    add(speed, interface.speed_bytes);
    add(queue, interface.queue_length);
    add(changes, interface.carrier_changes);
    add(ups, interface.carrier_up_changes);
    add(downs, interface.carrier_down_changes);
    add_sample(info, 1,
               {{"device", interface.device},
                {"address", interface.address},
                {"broadcast", interface.broadcast},
                {"duplex", interface.duplex},
                {"operstate", interface.operstate},
                {"ifalias", interface.alias}});
  }
  Families families;
  for (auto* family : {&up, &mtu, &carrier, &speed, &queue, &changes, &ups, &downs, &info})
    families.push_back(std::move(*family));
  return families;
}

std::shared_ptr<prometheus::Collectable> netdev_collector(const HostRoots& roots) {
  auto file = std::make_shared<const KernelFile>(roots.proc / "net" / "dev");
  auto kept = std::make_shared<core::Synchronized<KeptFiles<KernelAttribute>>>();
  return make_collectable([file, kept, folder = roots.sys / "class" / "net"] {
    auto interfaces = parse_net_dev(file->read_required());
    std::vector<std::string> names;
    for (const auto& interface : interfaces) names.push_back(interface.device);
    kept->with([&](auto& all) {
      all.visit(
          names,
          [&](const std::string& name) {
            return KernelAttribute(folder / name / "statistics" / "rx_nohandler");
          },
          [&, next = interfaces.begin()](const std::string& name, auto& attribute) mutable {
            if (const auto text = attribute.read()) next->no_handler = parse_count(*text, name);
            ++next;
          });
    });
    return publish_netdev(interfaces);
  });
}

std::shared_ptr<prometheus::Collectable> netclass_collector(const HostRoots& roots) {
  auto kept = std::make_shared<core::Synchronized<KeptFiles<InterfaceFiles>>>();
  return make_collectable([kept, folder = roots.sys / "class" / "net"] {
    std::vector<InterfaceState> interfaces;
    kept->with([&](auto& all) {
      all.visit(
          interface_names(folder),
          [&](const std::string& name) { return InterfaceFiles(folder / name); },
          [&](const std::string& name, auto& files) {
            interfaces.push_back(parse_interface(name, files.read()));
          });
    });
    return publish_netclass(interfaces);
  });
}

} // namespace intendance::collectors
