// SPDX-License-Identifier: AGPL-3.0-or-later
// The catalogue of services: one TOML file a kind, named after it. It declares how to ask a service
// of that kind from outside whether it is well; docs: services/README.md.
#pragma once

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace intendance::collectors {

// One value of a JSON answer. Strings are compared as they are, all else by its JSON text.
struct JsonExpectation {
  std::string pointer;               // RFC 6901: "/database_status"
  std::optional<std::string> equals; // absent: whatever it is, it has to be there
};

enum class CheckKind { http };

// One question, and all that its answer has to be.
struct Check {
  std::string name; // "items"
  CheckKind kind = CheckKind::http;
  std::string path; // put behind the service's URL; may be empty
  std::vector<int> statuses = {200};
  std::string contains;      // in the body; empty: anything
  bool service_text = false; // also the text that the service itself is configured with
  std::vector<JsonExpectation> json;
  int most_redirects = 0;          // a redirect beyond them is an answer, and usually a wrong one
  std::chrono::seconds timeout{5}; // of the whole answer
};

struct Profile {
  std::string kind;    // "omeka-s"
  std::string summary; // one line
  std::vector<Check> checks;
};

// Throws ConfigError with file, line and key.
Profile load_profile(const std::filesystem::path& file);

using Catalogue = std::map<std::string, Profile>; // by kind

// Every *.toml of the folder. Throws ConfigError when it cannot be read or holds none.
Catalogue load_catalogue(const std::filesystem::path& folder);

// Where the profiles were installed.
std::filesystem::path installed_catalogue();

} // namespace intendance::collectors
