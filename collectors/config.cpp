// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/config.hpp"

#include "core/error.hpp"
#include "core/http_server.hpp"

#include <algorithm>

namespace intendance::collectors {

namespace {

// Each probed service has a thread of its own.
constexpr std::size_t most_services = 64;

std::string join(const std::vector<std::string>& words) {
  std::string text;
  for (const auto& word : words) text += (text.empty() ? "" : " · ") + word;
  return text.empty() ? "(none)" : text;
}

std::string read_url(core::ConfigTable& table) {
  auto url = table.text("url", "");
  if (url.empty()) return url;
  const auto scheme = url.find("://");
  const bool allowed = url.starts_with("http://") || url.starts_with("https://");
  if (!allowed || url.size() == scheme + 3)
    table.fail("url", "is not the address of a web service\n  allowed: http://… or https://…");
  if (url.find('@', scheme) < url.find('/', scheme + 3))
    table.fail("url", "holds a name or a password; secrets have no place in this file");
  while (url.back() == '/') url.pop_back();
  return url;
}

Service read_service(core::ConfigTable table, const Catalogue& catalogue) {
  Service service;
  service.name = table.text("name");
  service.kind = table.text("kind");
  const auto profile = catalogue.find(service.kind);
  if (profile == catalogue.end()) {
    std::vector<std::string> kinds;
    for (const auto& [kind, unused] : catalogue) kinds.push_back(kind);
    table.fail("kind", "is not in the catalogue of services\n  allowed: " + join(kinds));
  }
  service.checks = profile->second.checks;
  service.url = read_url(table);
  service.root = table.optional_path("root");
  service.text = table.text("text", "");
  const bool text_is_used = std::any_of(service.checks.begin(), service.checks.end(),
                                        [](const Check& check) { return check.service_text; });
  if (!service.text.empty() && !text_is_used)
    table.fail("text", "is not looked at by any check of " + service.kind);
  table.finish();
  return service;
}

} // namespace

CollectorConfig read_config(const core::ConfigDocument& document) {
  CollectorConfig config;
  config.machine = document.machine_name();
  config.listen = "127.0.0.1:9710";
  auto catalogue_folder = installed_catalogue();
  if (auto table = document.table("collectord")) {
    config.listen = table->text("listen", config.listen);
    config.token_file = table->optional_path("token_file");
    catalogue_folder = table->optional_path("services").value_or(catalogue_folder);
    if (auto folder = table->optional_path("textfiles"))
      config.textfiles = {*std::move(folder), true};
    config.probe_interval = table->duration("probe_interval", config.probe_interval);
    const auto address = table->parsed("listen", config.listen, core::parse_listen_address);
    if (!address.is_loopback() && !config.token_file)
      table->fail("listen", "is open to other machines, which needs a token_file");
    table->finish();
  }

  const auto tables = document.tables("service");
  // A machine without services needs no catalogue.
  const auto catalogue = tables.empty() ? Catalogue{} : load_catalogue(catalogue_folder);
  for (const auto& table : tables) {
    auto service = read_service(table, catalogue);
    for (const auto& earlier : config.services)
      if (earlier.name == service.name) table.fail("name", "is the name of two services");
    if (config.services.size() == most_services)
      table.fail("name", "is one too many: a machine has at most 64 services");
    config.services.push_back(std::move(service));
  }
  config.readers = read_readers(document);
  return config;
}

void check_config(const core::ConfigDocument& document) { read_config(document); }

const Service& find_service(const CollectorConfig& config, const std::string& name) {
  std::vector<std::string> names;
  for (const auto& service : config.services) {
    if (service.name == name) return service;
    names.push_back(service.name);
  }
  throw core::ConfigError("no [[service]] is called \"" + name + "\"\n  there are: " + join(names));
}

} // namespace intendance::collectors
