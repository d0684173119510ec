// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/trust_store.hpp"

#include "core/error.hpp"
#include "core/sha256.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace intendance::backupd {

using core::AccessDenied;
using core::ConfigError;
using core::CorruptData;
using core::to_hex;

namespace {

struct Found {
  TrustDocument document;
  core::Digest digest{};
};
using Versions = std::map<std::uint32_t, Found>;

std::optional<std::uint32_t> version_of(const std::string& object) {
  constexpr std::string_view prefix = "trust/";
  std::uint32_t version = 0;
  const auto* end = object.data() + object.size();
  const auto result = std::from_chars(object.data() + prefix.size(), end, version);
  if (result.ec != std::errc() || result.ptr != end || trust_object_name(version) != object) {
    return std::nullopt;
  }
  return version;
}

// What this machine saw of a repository and at an address before: two small files.
class TrustMemory {
  template <class Parse>
  auto parsed(const std::string& name, Parse&& parse) const {
    try {
      return parse();
    } catch (const CorruptData&) {
      throw ConfigError((folder_ / name).string() +
                        " does not hold what this machine saw of the repository last; if you know "
                        "that the repository was not put back, remove it");
    }
  }

public:
  TrustMemory(std::filesystem::path folder, const std::string& address)
      : folder_(std::move(folder)),
        at_address_("address-" +
                    to_hex(core::ByteView(core::blake2b(core::as_bytes(address))).first(8))) {}

  std::optional<RepositoryId> repository() const {
    const auto text = read(at_address_);
    if (!text) return std::nullopt;
    return parsed(at_address_, [&] { return core::to_array<16>(core::from_hex(*text)); });
  }

  // The version seen last and the hash of its object.
  std::optional<PreviousTrust> last_seen(const RepositoryId& id) const {
    const auto name = "trust-" + to_hex(id);
    const auto found = read(name);
    if (!found) return std::nullopt;
    return parsed(name, [&] {
      std::istringstream text(*found);
      PreviousTrust seen;
      std::string digest;
      text >> seen.version >> digest;
      seen.digest = core::to_array<32>(core::from_hex(digest));
      if (seen.version == 0) throw CorruptData("names no version");
      return seen;
    });
  }

  void remember(const RepositoryId& id, const PreviousTrust& seen) const {
    if (folder_.empty()) return;
    core::make_folders(folder_);
    write("trust-" + to_hex(id), fmt::format("{} {}", seen.version, to_hex(seen.digest)));
    write(at_address_, to_hex(id));
  }

  std::string file_of(const RepositoryId& id) const {
    return (folder_ / ("trust-" + to_hex(id))).string();
  }
  std::string file_of_address() const { return (folder_ / at_address_).string(); }

private:
  std::optional<std::string> read(const std::string& name) const {
    if (folder_.empty() || !std::filesystem::exists(folder_ / name)) return std::nullopt;
    auto text = core::read_file(folder_ / name, 200);
    if (!text.empty() && text.back() == '\n') text.pop_back();
    return text;
  }
  void write(const std::string& name, const std::string& text) const {
    if (read(name) != text) core::write_file_atomically(folder_ / name, text + "\n", 0644);
  }
  std::filesystem::path folder_;
  std::string at_address_;
};

// Every object under trust/ that the owner signed; the rest becomes findings.
Versions signed_versions(storage::ObjectStore& store, const core::PublicKey& owner,
                         std::vector<Finding>& findings) {
  Versions versions;
  store.list("trust/", [&](const storage::ObjectInfo& info) {
    try {
      const auto object = store.get(info.name, longest_trust);
      if (!object) return;
      auto document = decode_trust(*object, owner);
      const auto version = document.version;
      if (version_of(info.name) != version) {
        throw CorruptData("has another version than its name says");
      }
      versions.emplace(version, Found{std::move(document), core::sha256(*object)});
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      findings.push_back({info.name, error.what()});
    }
  });
  return versions;
}

// One owner may have several repositories, and a thief may bring the trust objects of another one.
void drop_other_repositories(Versions& versions, const RepositoryId& id,
                             std::vector<Finding>& findings) {
  for (auto each = versions.begin(); each != versions.end();) {
    if (each->second.document.repository == id) {
      ++each;
      continue;
    }
    findings.push_back(
        {trust_object_name(each->first), "belongs to another repository of this owner"});
    each = versions.erase(each);
  }
}

void check_predecessors(const Versions& versions, std::vector<Finding>& findings) {
  for (const auto& [version, found] : versions) {
    const auto& previous = found.document.previous;
    if (!previous) continue;
    const auto before = versions.find(previous->version);
    if (before == versions.end()) {
      findings.push_back({trust_object_name(previous->version),
                          fmt::format("is gone or altered: version {} was made from it", version)});
    } else if (before->second.digest != previous->digest) {
      findings.push_back({trust_object_name(previous->version),
                          fmt::format("is not the one that version {} was made from", version)});
    }
  }
}

// Whether the newest version goes back to the one that was seen; true where versions between are
// gone, so that nobody can tell.
bool descends_from(const Versions& versions, const PreviousTrust& seen) {
  auto at = versions.rbegin()->first;
  auto digest = versions.rbegin()->second.digest;
  while (at > seen.version) {
    const auto found = versions.find(at);
    if (found == versions.end()) return true;
    const auto& previous = found->second.document.previous;
    if (!previous) return false;
    at = previous->version;
    digest = previous->digest;
  }
  return at == seen.version && digest == seen.digest;
}

void check_memory(const Versions& versions, const TrustMemory& memory, const RepositoryId& id) {
  const auto seen = memory.last_seen(id);
  if (!seen) return;
  const auto newest = versions.rbegin()->first;
  if (newest < seen->version) {
    throw AccessDenied(fmt::format("the newest trust object is version {}, but this machine has "
                                   "seen version {}: somebody removed it or put an older copy of "
                                   "the repository in its place",
                                   newest, seen->version));
  }
  if (!descends_from(versions, *seen)) {
    throw AccessDenied(fmt::format(
        "the owner's trust object {} was not made from the version {} that this machine has seen: "
        "the owner's key signed two that differ; if the owner says why, remove {}",
        newest, seen->version, memory.file_of(id)));
  }
}

} // namespace

TrustInForce find_trust(storage::ObjectStore& store, const core::PublicKey& owner,
                        const std::filesystem::path& memory_folder) {
  TrustInForce trust;
  auto versions = signed_versions(store, owner, trust.findings);
  if (versions.empty() && trust.findings.empty()) {
    throw core::Error("there is no repository (nothing under trust/); intendance repository init "
                      "makes one");
  }
  if (versions.empty()) {
    throw AccessDenied("no trust object is the pinned owner's: " + trust.findings.front().object +
                       " " + trust.findings.front().message);
  }
  const TrustMemory memory(memory_folder, store.address());
  const auto pinned = memory.repository();
  const auto id = pinned.value_or(versions.begin()->second.document.repository);
  drop_other_repositories(versions, id, trust.findings);
  if (versions.empty()) {
    throw AccessDenied("another repository of this owner is here than this machine has seen; if "
                       "you put it here, remove " +
                       memory.file_of_address());
  }
  check_predecessors(versions, trust.findings);
  check_memory(versions, memory, id);
  auto& newest = versions.rbegin()->second;
  trust.document = std::move(newest.document);
  trust.digest = newest.digest;
  try {
    memory.remember(id, {trust.document.version, trust.digest});
  } catch (const core::Error& error) { // a disk that is full must not keep anybody from his files
    trust.findings.push_back({trust_object_name(trust.document.version),
                              std::string("cannot be remembered, so an older one would not be "
                                          "noticed: ") +
                                  error.what()});
  }
  return trust;
}

TrustDocument next_version(const TrustInForce& trust, core::TimePoint now) {
  auto next = trust.document;
  next.previous = PreviousTrust{trust.document.version, trust.digest};
  ++next.version;
  next.created = now;
  return next;
}

core::Digest store_trust(storage::ObjectStore& store, TrustDocument& document,
                         const OwnerKey& owner, const AgeIdentity& reader) {
  // A thief may have put something under the next name; a number that is left out does no harm.
  while (store.head(trust_object_name(document.version))) ++document.version;
  const auto object = encode_trust(document, owner);
  const auto again = decode_trust(object, owner.public_key());
  const auto is_reader =
      std::any_of(again.readers.begin(), again.readers.end(),
                  [&](const auto& each) { return each.recipient == reader.recipient(); });
  if (is_reader) open_reader_secrets(again, reader);
  store.put(trust_object_name(document.version), object);
  return core::sha256(object);
}

} // namespace intendance::backupd
