// SPDX-License-Identifier: AGPL-3.0-or-later
// What systemd says of its units over D-Bus (org.freedesktop.systemd1(5)): node_exporter's
// collector `systemd`.
#pragma once

#include "collectors/families.hpp"
#include "collectors/host/bus_message.hpp"

#include <cstdint>
#include <filesystem>

namespace intendance::collectors {

struct SystemdUnit {
  std::string name;                                            // "nginx.service"
  std::string load_state;                                      // "loaded", "not-found"…
  std::string active_state;                                    // "active", "failed"…
  std::string path;                                            // of its object on the bus
  std::string type;                                            // a service's: "simple", "notify"…
  std::optional<std::uint64_t> accepted, connections, refused; // a socket's
  std::optional<std::uint64_t> last_trigger_microseconds;      // a timer's, since 1970; 0: never
};

// The answer to ListUnits, a(ssssssouso). Throws CorruptData.
std::vector<SystemdUnit> decode_units(const BusMessage& answer);

struct SystemdState {
  std::vector<SystemdUnit> units;
  std::string system_state; // "running", "degraded"…
  std::string version;      // "252.39-1~deb12u1"
};

Families publish_systemd(const SystemdState& state);

// `socket` is the bus; nothing where it isn't there. To be run on a thread of its own: a daemon
// that is stuck keeps it waiting for seconds.
std::shared_ptr<prometheus::Collectable>
systemd_collector(const std::filesystem::path& socket = "/run/dbus/system_bus_socket");

} // namespace intendance::collectors
