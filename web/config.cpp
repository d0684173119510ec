// SPDX-License-Identifier: AGPL-3.0-or-later
#include "web/config.hpp"

#include "core/error.hpp"
#include "core/http_server.hpp"

#include <set>
#include <utility>

namespace intendance::web {

namespace {

// An address such as "http://10.0.0.11:9710", without what would be added after it.
std::string base_address(const std::string& text) {
  const bool plain = text.starts_with("http://");
  if (!plain && !text.starts_with("https://"))
    throw core::Error("\"" + text +
                      "\" is not an address; allowed: http://HOST:PORT or https://HOST");
  std::string address = text;
  while (address.ends_with('/')) address.pop_back();
  const std::string host = address.substr(
      std::min(address.size(), plain ? sizeof "http://" - 1 : sizeof "https://" - 1));
  if (host.empty() || host.find_first_of(" ?#@") != std::string::npos)
    throw core::Error("\"" + text +
                      "\" is not the address of a daemon; allowed: http://HOST:PORT or "
                      "https://HOST, without user, query or fragment");
  return address;
}

std::optional<std::string> optional_address(core::ConfigTable& table, std::string_view key) {
  const std::optional<std::string> text = table.optional_text(key);
  if (!text) return std::nullopt;
  return table.parsed(key, *text, base_address);
}

std::vector<MachineAddresses> read_machines(core::ConfigTable& webd) {
  std::vector<MachineAddresses> machines;
  std::set<std::string> names;
  for (core::ConfigTable& table : webd.tables("machines")) {
    MachineAddresses machine;
    machine.name = table.text("name");
    machine.collectord = optional_address(table, "collectord");
    machine.backupd = optional_address(table, "backupd");
    table.finish();
    if (!machine.collectord && !machine.backupd)
      table.fail("name", "machine \"" + machine.name +
                             "\" has no address: give collectord, backupd or both");
    if (!names.insert(machine.name).second)
      table.fail("name", "machine \"" + machine.name + "\" stands twice in machines");
    machines.push_back(std::move(machine));
  }
  if (machines.size() > WebConfig::most_machines)
    webd.fail("machines",
              "at most " + std::to_string(WebConfig::most_machines) + " machines are asked");
  return machines;
}

} // namespace

std::optional<WebConfig> read_config(const core::ConfigDocument& document) {
  std::optional<core::ConfigTable> found = document.table("webd");
  if (!found) return std::nullopt;
  core::ConfigTable& webd = *found;
  WebConfig config;
  config.listen = webd.text("listen", "127.0.0.1:9713");
  const core::ListenAddress listen =
      webd.parsed("listen", config.listen, core::parse_listen_address);
  config.machines = read_machines(webd);
  config.billingd = optional_address(webd, "billingd");
  config.prometheus = optional_address(webd, "prometheus");
  config.token_file = webd.optional_path("token_file");
  // Without it /metrics is open, which only this machine may see.
  if (!config.token_file && !listen.is_loopback())
    webd.fail("listen", "a token_file is needed to listen elsewhere than on loopback\n  allowed: "
                        "127.0.0.1:PORT, or token_file = \"FILE\" beside it");
  config.access_token_file = webd.path("access_token_file");
  config.every = webd.duration("every", std::chrono::seconds{10});
  config.timeout = webd.duration("timeout", std::chrono::seconds{5});
  config.session_lifetime = webd.duration("session_lifetime", std::chrono::hours{12});
  webd.finish();
  return config;
}

WebConfig require_config(const core::ConfigDocument& document) {
  if (std::optional<WebConfig> config = read_config(document)) return *std::move(config);
  throw core::ConfigError(document.file().string() +
                          ": there is no [webd] table; it says which machines "
                          "to ask: [webd] machines = [ { name = …, collectord = \"http://…\" } ]");
}

void check_config(const core::ConfigDocument& document) { read_config(document); }

} // namespace intendance::web
