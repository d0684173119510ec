// SPDX-License-Identifier: AGPL-3.0-or-later
#include "collectors/probes/profile.hpp"

#include "core/config.hpp"
#include "core/error.hpp"

#include <nlohmann/json.hpp>

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

Check read_check(core::ConfigTable table) {
  Check check;
  check.name = table.text("name");
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
  check.timeout = table.duration("timeout", check.timeout);
  if (check.timeout > std::chrono::minutes(1))
    table.fail("timeout", "is longer than a minute; nobody waits that long for a page");
  table.finish();
  return check;
}

} // namespace

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
  if (profile.checks.empty())
    table.fail("check", "is missing: a profile asks at least one question");
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
