// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/host/systemd.hpp"

#include "collectors/host/system_bus.hpp"
#include "core/error.hpp"
#include "core/synchronized.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

namespace intendance::collectors {

namespace {

constexpr std::chrono::seconds patience{4};
constexpr const char* service = "org.freedesktop.systemd1";
constexpr const char* manager = "/org/freedesktop/systemd1";
constexpr std::array<const char*, 5> states = {"active", "activating", "deactivating", "inactive",
                                               "failed"};

// Units of these kinds are counted, and not shown one by one: there are hundreds of devices.
constexpr std::array<std::string_view, 5> summed_kinds = {".automount", ".device", ".mount",
                                                          ".scope", ".slice"};

bool is_shown(const SystemdUnit& unit) {
  return unit.load_state == "loaded" &&
         std::none_of(summed_kinds.begin(), summed_kinds.end(),
                      [&](std::string_view kind) { return unit.name.ends_with(kind); });
}

BusCall property(const std::string& path, const char* interface, const char* name) {
  return {service,
          path,
          "org.freedesktop.DBus.Properties",
          "Get",
          {std::string(service) + "." + interface, name}};
}

// The properties that units of a kind are asked for.
struct Question {
  std::string_view kind;
  const char* interface;
  const char* name;
  std::optional<std::uint64_t> SystemdUnit::*answer;
};
constexpr std::array<Question, 4> questions = {
    {{".socket", "Socket", "NAccepted", &SystemdUnit::accepted},
     {".socket", "Socket", "NConnections", &SystemdUnit::connections},
     {".socket", "Socket", "NRefused", &SystemdUnit::refused},
     {".timer", "Timer", "LastTriggerUSec", &SystemdUnit::last_trigger_microseconds}}};

class Systemd {
public:
  explicit Systemd(std::filesystem::path socket) : socket_(std::move(socket)) {}

  std::optional<SystemdState> ask() {
    std::error_code error;
    if (!bus_ && !std::filesystem::exists(socket_, error)) return std::nullopt;
    const bool kept = bus_.has_value();
    try {
      return ask_bus();
    } catch (const core::Error&) {
      bus_.reset();
      // A connection from before may have been closed by a daemon that was started anew.
      if (!kept) throw;
    }
    try {
      return ask_bus();
    } catch (const core::Error&) {
      bus_.reset();
      throw;
    }
  }

private:
  SystemdState ask_bus() {
    if (!bus_) bus_.emplace(socket_, patience);
    SystemdState state;
    state.units = decode_units(
        bus_->call({service, manager, "org.freedesktop.systemd1.Manager", "ListUnits", {}}));
    for (auto* const text : {&state.system_state, &state.version}) {
      const auto answer = bus_->call(
          property(manager, "Manager", text == &state.version ? "Version" : "SystemState"));
      *text = BusReader(answer).variant_string();
    }
    ask_numbers(state.units);
    ask_types(state.units);
    return state;
  }

  void ask_numbers(std::vector<SystemdUnit>& units) {
    std::vector<BusCall> calls;
    std::vector<std::optional<std::uint64_t>*> places;
    for (auto& unit : units)
      for (const auto& question : questions)
        if (is_shown(unit) && unit.name.ends_with(question.kind)) {
          calls.push_back(property(unit.path, question.interface, question.name));
          places.push_back(&(unit.*question.answer));
        }
    const auto answers = bus_->call(calls);
    for (std::size_t i = 0; i < answers.size(); ++i) // a unit may have gone since it was listed
      if (answers[i].kind == BusMessageKind::answer)
        *places[i] = BusReader(answers[i]).variant_number();
  }

  // A service's type is asked once, since it stands in its file.
  void ask_types(std::vector<SystemdUnit>& units) {
    std::vector<BusCall> calls;
    std::vector<SystemdUnit*> unknown;
    std::map<std::string, std::string> types;
    for (auto& unit : units) {
      if (!is_shown(unit) || !unit.name.ends_with(".service")) continue;
      if (const auto known = types_.find(unit.name); known != types_.end()) {
        unit.type = known->second;
        types.insert(*known);
      } else {
        calls.push_back(property(unit.path, "Service", "Type"));
        unknown.push_back(&unit);
      }
    }
    const auto answers = bus_->call(calls);
    for (std::size_t i = 0; i < answers.size(); ++i) {
      if (answers[i].kind != BusMessageKind::answer) continue;
      unknown[i]->type = BusReader(answers[i]).variant_string();
      types[unknown[i]->name] = unknown[i]->type;
    }
    types_ = std::move(types);
  }

  std::filesystem::path socket_;
  std::optional<SystemBus> bus_;
  std::map<std::string, std::string> types_; // by the names of services
};

// "252.39-1~deb12u1" → 252.39
double version_number(std::string_view version) {
  const auto first = version.find_first_of("0123456789");
  if (first == std::string_view::npos) return 0;
  double number = 0;
  std::from_chars(version.data() + first, version.data() + version.size(), number,
                  std::chars_format::fixed);
  return number;
}

} // namespace

std::vector<SystemdUnit> decode_units(const BusMessage& answer) {
  if (answer.signature != "a(ssssssouso)")
    throw core::CorruptData("systemd lists its units as " + answer.signature);
  BusReader reader(answer);
  std::vector<SystemdUnit> units;
  for (const auto end = reader.array_end(8); reader.place() < end;) {
    reader.align(8);
    SystemdUnit unit;
    unit.name = reader.string();
    reader.string(); // description
    unit.load_state = reader.string();
    unit.active_state = reader.string();
    reader.string(); // state of its kind
    reader.string(); // unit that it follows
    unit.path = reader.string();
    reader.uint32(); // its job: number, kind, path
    reader.string();
    reader.string();
    units.push_back(std::move(unit));
  }
  return units;
}

Families publish_systemd(const SystemdState& state) {
  auto summary = gauge_family("node_systemd_units", "Units of all kinds in each state.");
  auto units = gauge_family("node_systemd_unit_state", "Which state each unit is in.");
  auto running = gauge_family("node_systemd_system_running",
                              "Whether systemd calls the whole system running.");
  auto version = gauge_family("node_systemd_version", "The version of systemd.");
  auto accepted = counter_family("node_systemd_socket_accepted_connections_total",
                                 "Connections that the socket accepted.");
  auto current =
      gauge_family("node_systemd_socket_current_connections", "Connections that are open.");
  auto refused = counter_family("node_systemd_socket_refused_connections_total",
                                "Connections that the socket refused.");
  auto trigger = gauge_family("node_systemd_timer_last_trigger_seconds",
                              "When the timer last went off, in seconds since 1970.");

  for (const char* name : states) {
    const auto count =
        std::count_if(state.units.begin(), state.units.end(),
                      [&](const SystemdUnit& unit) { return unit.active_state == name; });
    add_sample(summary, static_cast<double>(count), {{"state", name}});
  }
  add_sample(running, state.system_state == "running" ? 1 : 0);
  add_sample(version, version_number(state.version), {{"version", state.version}});
  for (const auto& unit : state.units) {
    if (!is_shown(unit)) continue;
    for (const char* name : states)
      add_sample(units, unit.active_state == name ? 1 : 0,
                 {{"name", unit.name}, {"state", name}, {"type", unit.type}});
    const auto add = [&](auto& family, const std::optional<std::uint64_t>& value, double divide) {
      if (value) add_sample(family, static_cast<double>(*value) / divide, {{"name", unit.name}});
    };
    add(accepted, unit.accepted, 1);
    add(current, unit.connections, 1);
    add(refused, unit.refused, 1);
    add(trigger, unit.last_trigger_microseconds, 1e6);
  }
  Families families;
  for (auto* family :
       {&summary, &units, &running, &version, &accepted, &current, &refused, &trigger})
    families.push_back(std::move(*family));
  return families;
}

std::shared_ptr<prometheus::Collectable> systemd_collector(const std::filesystem::path& socket) {
  auto systemd = std::make_shared<core::Synchronized<Systemd>>(socket);
  return make_collectable([systemd] {
    const auto state = systemd->with([](Systemd& asked) { return asked.ask(); });
    return state ? publish_systemd(*state) : Families{};
  });
}

} // namespace intendance::collectors
