// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/profile.hpp"

#include "core/config.hpp"
#include "core/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <set>

namespace intendance::collectors {

namespace {

JsonExpectation read_expectation(core::ConfigTable table) {
  JsonExpectation expectation;
  expectation.pointer = table.text("pointer");
  table.parsed("pointer", expectation.pointer, [](const std::string& text) {
    try {
      nlohmann::json::json_pointer{text};
    } catch (const nlohmann::json::exception&) {
      throw core::Error("is not a JSON pointer\n  allowed: /name, /name/0/other (RFC 6901)");
    }
  });
  expectation.equals = table.optional_text("equals");
  table.finish();
  return expectation;
}

using Tls = core::ConnectionCall::Tls;

constexpr std::array<std::string_view, 9> kind_names = {
    "http", "tcp", "smtp", "imap", "dns", "zone", "delegation", "icmp", "domain"};

void read_http(core::ConfigTable& table, Check& check) {
  check.path = table.text("path", "");
  if (!check.path.empty() && check.path.front() != '/')
    table.fail("path", "must begin with /; it is put behind the service's url");
  if (table.has("status")) {
    check.statuses.clear();
    for (const auto status : table.integers("status", 100, 599))
      check.statuses.push_back(static_cast<int>(status));
    if (check.statuses.empty())
      table.fail("status", "allows no answer at all; leave it out for [200]");
  }
  check.contains = table.text("contains", "");
  check.service_text = table.boolean("service_text", false);
  for (auto& expectation : table.tables("json"))
    check.json.push_back(read_expectation(expectation));
  check.most_redirects = static_cast<int>(table.integer("redirects", 0, 0, 10));
}

std::uint16_t usual_port(CheckKind kind, Tls tls) {
  if (kind == CheckKind::smtp)
    return tls == Tls::from_the_start ? 465 : tls == Tls::none ? 25 : 587;
  return tls == Tls::from_the_start ? 993 : 143;
}

void read_port(core::ConfigTable& table, Check& check) {
  const bool is_bare = check.kind == CheckKind::tcp;
  const auto tls = is_bare
                       ? table.choice("tls", {"none", "from_the_start"}, "none")
                       : table.choice("tls", {"none", "starttls", "from_the_start"}, "starttls");
  check.tls = tls == "none" ? Tls::none : tls == "starttls" ? Tls::starttls : Tls::from_the_start;
  if (is_bare && !table.has("port"))
    table.fail("ask", "needs a port\n  allowed: port = 1 to 65535");
  check.port = static_cast<std::uint16_t>(
      table.integer("port", is_bare ? 0 : usual_port(check.kind, check.tls), 1, 65535));
  if (is_bare) {
    check.send = table.text("send", "");
    check.contains = table.text("contains", "");
  } else {
    check.capabilities = table.texts("capabilities");
  }
}

void read_record(core::ConfigTable& table, Check& check) {
  const auto record = table.choice("record", {"A", "AAAA", "CNAME", "MX", "NS", "SOA", "TXT"}, "A");
  check.record = dns_type_of(record).value();
  check.record_values = table.texts("values");
}

void read_registry(core::ConfigTable& table, Check& check) {
  check.every = std::chrono::hours(24);
  check.timeout = std::chrono::seconds(20);
  check.server = table.text("server", "https://rdap.org");
  if (!check.server.starts_with("https://"))
    table.fail("server", "is not the address of a registry\n  allowed: https://…");
  while (check.server.back() == '/') check.server.pop_back();
}

} // namespace

std::string_view name_of(CheckKind kind) { return kind_names.at(static_cast<std::size_t>(kind)); }

Check read_check(core::ConfigTable table) {
  Check check;
  check.name = table.text("name");
  const auto ask = table.choice(
      "ask", {"http", "tcp", "smtp", "imap", "dns", "zone", "delegation", "icmp", "domain"},
      "http");
  const auto kind = std::find(kind_names.begin(), kind_names.end(), ask);
  check.kind = static_cast<CheckKind>(kind - kind_names.begin());
  switch (check.kind) {
  case CheckKind::http: read_http(table, check); break;
  case CheckKind::tcp:
  case CheckKind::smtp:
  case CheckKind::imap: read_port(table, check); break;
  case CheckKind::dns: read_record(table, check); break;
  case CheckKind::domain: read_registry(table, check); break;
  case CheckKind::zone:
  case CheckKind::delegation:
  case CheckKind::icmp: break;
  }
  check.timeout = table.duration("timeout", check.timeout);
  if (check.timeout > std::chrono::minutes(1))
    table.fail("timeout", "is longer than a minute; nobody waits that long for a page");
  if (table.has("every")) check.every = table.duration("every", check.every);
  table.finish();
  return check;
}

Profile load_profile(const std::filesystem::path& file) {
  auto table = core::load_config_table(file);
  Profile profile;
  profile.kind = table.text("kind");
  if (profile.kind != file.stem().string())
    table.fail("kind", "is not the file's name\n  allowed: \"" + file.stem().string() + "\"");
  profile.summary = table.text("summary");
  std::set<std::string> names;
  for (auto& check : table.tables("check")) {
    profile.checks.push_back(read_check(check));
    if (!names.insert(profile.checks.back().name).second)
      check.fail("name", "stands twice in this profile");
  }
  table.finish();
  return profile;
}

Catalogue load_catalogue(const std::filesystem::path& folder) {
  Catalogue catalogue;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error))
    if (entry.path().extension() == ".toml") {
      auto profile = load_profile(entry.path());
      const auto kind = profile.kind;
      catalogue.emplace(kind, std::move(profile));
    }
  if (error)
    throw core::ConfigError("the catalogue of services " + folder.string() + ": " +
                            error.message() +
                            "\n  [collectord] services = \"DIR\" says where it is");
  if (catalogue.empty())
    throw core::ConfigError("the catalogue of services " + folder.string() +
                            " holds no .toml file");
  return catalogue;
}

std::filesystem::path installed_catalogue() { return INTENDANCE_SERVICES_DIRECTORY; }

} // namespace intendance::collectors
