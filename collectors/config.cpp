// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/config.hpp"

#include "collectors/probes/address.hpp"
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

// The name or the address of what is asked by other means than HTTP.
std::string read_host(core::ConfigTable& table, const std::string& url) {
  if (!table.has("host")) {
    const auto place = host_and_port(url);
    return place ? place->host : std::string();
  }
  auto host = table.text("host");
  if (host.empty() || host.find_first_of("/@[] \t") != std::string::npos)
    table.fail("host", "is neither a name nor an address\n  allowed: courriel.example.org, "
                       "192.0.2.7, 2001:db8::7");
  return host;
}

void read_own_checks(core::ConfigTable& table, Service& service) {
  for (auto& own : table.tables("check")) {
    service.checks.push_back(read_check(own));
    const auto& name = service.checks.back().name;
    for (std::size_t each = 0; each + 1 < service.checks.size(); ++each)
      if (service.checks[each].name == name)
        own.fail("name", "is the name of two checks of this service");
  }
  if (!service.is_probed()) return;
  if (service.checks.empty()) table.fail("kind", "asks nothing by itself; add a [[service.check]]");
  for (const auto& check : service.checks)
    if (check.kind == CheckKind::http && service.url.empty())
      table.fail("host", "is not enough: check \"" + check.name + "\" needs a url");
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
  service.host = read_host(table, service.url);
  service.root = table.optional_path("root");
  service.text = table.text("text", "");
  service.authorities = table.optional_path("authorities_file");
  const bool text_is_used = std::any_of(service.checks.begin(), service.checks.end(),
                                        [](const Check& check) { return check.service_text; });
  if (!service.text.empty() && !text_is_used)
    table.fail("text", "is not looked at by any check of " + service.kind);
  read_own_checks(table, service);
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
