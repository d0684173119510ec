// SPDX-License-Identifier: AGPL-3.0-or-later
// The catalogue of services: one TOML file a kind, named after it. It declares how to ask a service
// of that kind from outside whether it is well; docs: services/README.md.
#pragma once

#include "collectors/probes/dns_message.hpp"
#include "core/config.hpp"
#include "core/connection.hpp"

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace intendance::collectors {

// One value of a JSON answer. Strings are compared as they are, all else by its JSON text.
struct JsonExpectation {
  std::string pointer;               // RFC 6901: "/database_status"
  std::optional<std::string> equals; // absent: whatever it is, it has to be there
};

enum class CheckKind { http, tcp, smtp, imap, dns, zone, delegation, icmp, domain };
std::string_view name_of(CheckKind kind); // "http", as in `ask`

// One question, and all that its answer has to be.
struct Check {
  std::string name; // "items"
  CheckKind kind = CheckKind::http;
  std::chrono::seconds timeout{5}; // of the whole answer
  // How often; never more often than the services are probed. 0: each time.
  std::chrono::seconds every{0};

  // --- of a web server, at the service's url
  std::string path; // put behind the url; may be empty
  std::vector<int> statuses = {200};
  std::string contains;      // in the body, or in what a port says first; empty: anything
  bool service_text = false; // also the text that the service itself is configured with
  std::vector<JsonExpectation> json;
  int most_redirects = 0; // a redirect beyond them is an answer, and usually a wrong one

  // --- of a port of the service's host: tcp, smtp, imap
  std::uint16_t port = 0;
  core::ConnectionCall::Tls tls = core::ConnectionCall::Tls::none;
  std::string send;                      // tcp: what is said first
  std::vector<std::string> capabilities; // smtp, imap: that have to be offered

  // --- of the machine's name servers: dns
  DnsType record = DnsType::a;
  std::vector<std::string> record_values; // that have to be among those of the host

  // --- of a registry: domain
  std::string server; // where RDAP is spoken
};

// A [[check]] of a profile or of a service. Throws ConfigError.
Check read_check(core::ConfigTable table);

struct Profile {
  std::string kind;          // "omeka-s"
  std::string summary;       // one line
  std::vector<Check> checks; // may be empty: then its services have their own
};

// Throws ConfigError with file, line and key.
Profile load_profile(const std::filesystem::path& file);

using Catalogue = std::map<std::string, Profile>; // by kind

// Every *.toml of the folder. Throws ConfigError when it cannot be read or holds none.
Catalogue load_catalogue(const std::filesystem::path& folder);

// Where the profiles were installed.
std::filesystem::path installed_catalogue();

} // namespace intendance::collectors
