// SPDX-License-Identifier: AGPL-3.0-or-later
// intendance-apt-state: what apt would upgrade, as Prometheus' text. A program of its own, so that
// apt's tables, some fifty megabytes, are gone when it ends; collectord starts it when they change.
#include "collectors/families.hpp"
#include "core/exposition.hpp"

#include <apt-pkg/cachefile.h>
#include <apt-pkg/configuration.h>
#include <apt-pkg/depcache.h>
#include <apt-pkg/error.h>
#include <apt-pkg/init.h>
#include <apt-pkg/pkgsystem.h>
#include <sys/stat.h>

#include <algorithm>
#include <iostream>
#include <map>
#include <set>

using namespace intendance;
using namespace intendance::collectors;

namespace {

// By origin ("Debian:bookworm-security/stable-security") and architecture.
using Counts = std::map<std::pair<std::string, std::string>, int>;

struct AptState {
  Counts pending, held;
  int removable = 0; // installed for others that are gone
  int security = 0;  // pending, and published as a correction of security
};

std::string or_empty(const char* text) { return text == nullptr ? "" : text; }

std::string origins_of(const pkgCache::VerIterator& version) {
  std::set<std::string> origins;
  for (auto file = version.FileList(); !file.end(); ++file) {
    const auto source = file.File();
    origins.insert(or_empty(source.Origin()) + ":" + or_empty(source.Codename()) + "/" +
                   or_empty(source.Archive()));
  }
  std::string joined;
  for (const auto& origin : origins) joined += (joined.empty() ? "" : ",") + origin;
  return joined;
}

// Debian's "bookworm-security/stable-security", Ubuntu's "jammy/jammy-security".
bool is_security(const pkgCache::VerIterator& version) {
  for (auto file = version.FileList(); !file.end(); ++file)
    if (or_empty(file.File().Archive()).ends_with("-security")) return true;
  return false;
}

AptState read_state(pkgDepCache& cache) {
  AptState state;
  for (auto package = cache.PkgBegin(); !package.end(); ++package) {
    if (package->CurrentVer == 0) continue;
    auto& decided = cache[package];
    if (decided.Garbage) ++state.removable;
    if (!decided.Upgradable()) continue;
    const auto candidate = decided.CandidateVerIter(cache);
    const std::pair key(origins_of(candidate), or_empty(candidate.Arch()));
    ++state.pending[key];
    if (is_security(candidate)) ++state.security;
    if (package->SelectedState == pkgCache::State::Hold) ++state.held[key];
  }
  return state;
}

// When lists were last fetched.
std::optional<double> lists_fetched() {
  struct stat status {};
  const bool by_itself = _config->FindB("APT::Periodic::Update-Package-Lists", false);
  const auto stamp = _config->FindDir("Dir::State") + "periodic/update-success-stamp";
  const auto lists = _config->FindDir("Dir::State::lists") + "partial";
  if ((by_itself && ::stat(stamp.c_str(), &status) == 0) || ::stat(lists.c_str(), &status) == 0)
    return static_cast<double>(status.st_mtim.tv_sec) +
           static_cast<double>(status.st_mtim.tv_nsec) / 1e9;
  return std::nullopt;
}

prometheus::MetricFamily family_of(const std::string& name, const char* help,
                                   const Counts& counts) {
  auto family = gauge_family(name, help);
  for (const auto& [key, count] : counts)
    add_sample(family, count, {{"origin", key.first}, {"arch", key.second}});
  if (counts.empty()) add_sample(family, 0, {{"origin", ""}, {"arch", ""}});
  return family;
}

Families publish(const AptState& state) {
  Families families = {
      family_of("apt_upgrades_pending", "Apt packages pending updates by origin.", state.pending),
      family_of("apt_upgrades_held", "Apt packages pending updates but held back.", state.held)};
  const auto add = [&](const char* name, const char* help, double value) {
    auto family = gauge_family(name, help);
    add_sample(family, value);
    families.push_back(std::move(family));
  };
  add("apt_autoremove_pending", "Apt packages pending autoremoval.", state.removable);
  add("intendance_security_upgrades_pending",
      "Packages for which a correction of security is published and not installed.",
      state.security);
  if (const auto fetched = lists_fetched())
    add("apt_package_cache_timestamp_seconds", "Apt update last run time.", *fetched);
  return families;
}

// As the root of a machine; what this one's dpkg knows of architectures holds there too.
void look_beneath(const std::string& root) {
  _config->Set("Dir::Etc", root + "/etc/apt");
  _config->Set("Dir::State", root + "/var/lib/apt");
  _config->Set("Dir::State::status", root + "/var/lib/dpkg/status");
  _config->Set("Dir::Cache", root + "/var/cache/apt");
}

int complain() {
  std::string text;
  while (!_error->empty()) {
    std::string message;
    if (_error->PopMessage(message)) text = message; // an error; warnings are none of ours
  }
  std::cerr << "intendance-apt-state: " << (text.empty() ? "apt's tables cannot be read" : text)
            << '\n';
  return 1;
}

} // namespace

// With a folder it reads that as the root of a machine.
int main(int argument_count, char** arguments) {
  if (argument_count > 2 || (argument_count == 2 && arguments[1][0] == '-')) {
    std::cerr << "usage: intendance-apt-state [ROOT]\n";
    return 2;
  }
  if (!pkgInitConfig(*_config)) return complain();
  if (argument_count == 2) look_beneath(arguments[1]);
  if (!pkgInitSystem(*_config, _system)) return complain();
  pkgCacheFile file;
  auto* cache = file.Open(nullptr, false) ? file.GetDepCache() : nullptr;
  if (cache == nullptr) return complain();
  std::cout << core::serialize(publish(read_state(*cache)), core::ExpositionFormat::text);
  std::cout.flush();
  return std::cout ? 0 : 1;
}
