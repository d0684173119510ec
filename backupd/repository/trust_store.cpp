// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/trust_store.hpp"

#include "core/error.hpp"
#include "core/sha256.hpp"
#include "storage/get_each.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <optional>
#include <sstream>

namespace intendance::backupd {

using core::AccessDenied;
using core::Buffer;
using core::ByteView;
using core::ConfigError;
using core::CorruptData;
using core::to_hex;

namespace {

struct Found {
  TrustDocument document;
  core::Digest digest{};
  Buffer object;
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

// What this machine saw of a repository and at an address before: two small files, and a copy of
// the newest trust object. Without that object nobody can read the repository, whatever keys he
// has, and the store's may be its only one; it holds nothing that the store does not show.
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
                    to_hex(ByteView(core::blake2b(core::as_bytes(address))).first(8))) {}

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

  void remember(const RepositoryId& id, const Found& newest) const {
    if (folder_.empty()) return;
    core::make_folders(folder_);
    // The copy first: what is remembered as seen can be put back.
    if (!copy_of(id, newest.digest)) {
      core::write_file_atomically(folder_ / copy_name(id), core::as_text(ByteView(newest.object)),
                                  0644);
    }
    write("trust-" + to_hex(id),
          fmt::format("{} {}", newest.document.version, to_hex(newest.digest)));
    write(at_address_, to_hex(id));
  }

  // That object, when it is the one that was kept.
  std::optional<Buffer> copy_of(const RepositoryId& id, const core::Digest& digest) const {
    const auto file = folder_ / copy_name(id);
    if (folder_.empty() || !std::filesystem::exists(file)) return std::nullopt;
    try {
      const auto text = core::read_file(file, longest_trust);
      const auto bytes = core::as_bytes(text);
      if (core::sha256(bytes) == digest) return Buffer(bytes.begin(), bytes.end());
    } catch (const core::Error&) { // one that cannot be read is none
    }
    return std::nullopt;
  }

  std::string file_of(const RepositoryId& id) const {
    return (folder_ / ("trust-" + to_hex(id))).string();
  }
  std::string file_of_address() const { return (folder_ / at_address_).string(); }

private:
  static std::string copy_name(const RepositoryId& id) { return "copy-" + to_hex(id); }
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
  std::vector<std::string> names;
  store.list("trust/", [&](const storage::ObjectInfo& info) { names.push_back(info.name); });
  storage::get_each(store, names, longest_trust, [&](const auto& name, const auto& got) {
    try {
      const auto object = got();
      if (!object) return;
      auto document = decode_trust(*object, owner);
      const auto version = document.version;
      if (version_of(name) != version) {
        throw CorruptData("has another version than its name says");
      }
      versions.emplace(version, Found{std::move(document), core::sha256(*object), *object});
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      findings.push_back({name, error.what()});
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

// For the end of an error's text.
std::string how_to_put_back(const TrustMemory& memory, const RepositoryId& id) {
  const auto seen = memory.last_seen(id);
  if (seen && memory.copy_of(id, seen->digest))
    return "; intendance repository restore-trust puts back the copy that this machine keeps";
  return "; put it back from a copy of the store, or with intendance repository restore-trust on "
         "a machine that used the repository after this one";
}

// Of two that the owner signed, he alone says which.
void refuse_owners(ByteView object, const core::PublicKey& owner, const std::string& name) {
  try {
    decode_trust(object, owner);
  } catch (const core::Error&) {
    return;
  }
  throw AccessDenied(name + " is the owner's and differs from what this machine saw; he must say "
                            "which of them is to stay");
}

// An empty store, or one that lost the object without which nobody can read it.
[[noreturn]] void refuse_without_trust(storage::ObjectStore& store, const TrustMemory& memory) {
  constexpr const char* lost =
      "the trust object is gone (nothing under trust/), and without it nobody can read what is "
      "stored; do not make a new repository in its place";
  if (const auto id = memory.repository()) throw core::Error(lost + how_to_put_back(memory, *id));
  if (holds_backups(store)) {
    throw core::Error(std::string(lost) +
                      "; put it back from a copy of the store, or with intendance repository "
                      "restore-trust on a machine that used the repository");
  }
  throw core::Error("there is no repository (nothing under trust/); intendance repository init "
                    "makes one");
}

void check_memory(const Versions& versions, const TrustMemory& memory, const RepositoryId& id) {
  const auto seen = memory.last_seen(id);
  if (!seen) return;
  const auto newest = versions.rbegin()->first;
  if (newest < seen->version) {
    throw AccessDenied(fmt::format("the newest trust object is version {}, but this machine has "
                                   "seen version {}: somebody removed it or put an older copy of "
                                   "the repository in its place{}",
                                   newest, seen->version, how_to_put_back(memory, id)));
  }
  if (!descends_from(versions, *seen)) {
    throw AccessDenied(fmt::format(
        "the owner's trust object {} was not made from the version {} that this machine has seen: "
        "the owner's key signed two that differ; if the owner says why, remove {}",
        newest, seen->version, memory.file_of(id)));
  }
}

bool is_stored(storage::ObjectStore& store, const std::string& name, core::ByteView object) {
  try {
    const auto found = store.get(name, longest_trust);
    return found && std::equal(found->begin(), found->end(), object.begin(), object.end());
  } catch (const core::Error&) {
    return false; // nobody knows
  }
}

} // namespace

bool holds_backups(storage::ObjectStore& store) {
  bool any = false;
  for (const auto* prefix : {"snapshots/", "indexes/", "packs/"}) {
    if (!any) store.list(prefix, [&](const storage::ObjectInfo&) { any = true; });
  }
  return any;
}

TrustInForce find_trust(storage::ObjectStore& store, const core::PublicKey& owner,
                        const std::filesystem::path& memory_folder) {
  TrustInForce trust;
  const TrustMemory memory(memory_folder, store.address());
  auto versions = signed_versions(store, owner, trust.findings);
  if (versions.empty() && trust.findings.empty()) refuse_without_trust(store, memory);
  const auto pinned = memory.repository();
  if (versions.empty()) {
    throw AccessDenied("no trust object is the pinned owner's: " + trust.findings.front().object +
                       " " + trust.findings.front().message +
                       (pinned ? how_to_put_back(memory, *pinned) : ""));
  }
  const auto id = pinned.value_or(versions.begin()->second.document.repository);
  drop_other_repositories(versions, id, trust.findings);
  if (versions.empty()) {
    throw AccessDenied("another repository of this owner is here than this machine has seen; if "
                       "you put it here, remove " +
                       memory.file_of_address());
  }
  check_predecessors(versions, trust.findings);
  try {
    check_memory(versions, memory, id);
  } catch (core::AccessDenied& error) { // perhaps it is there, and only cannot be read
    if (trust.findings.empty()) throw;
    throw AccessDenied(std::string(error.what()) + " (" + trust.findings.front().object + ": " +
                       trust.findings.front().message + ")");
  }
  auto& newest = versions.rbegin()->second;
  try {
    memory.remember(id, newest);
  } catch (const core::Error& error) { // a disk that is full must not keep anybody from his files
    trust.findings.push_back({trust_object_name(newest.document.version),
                              std::string("cannot be remembered, so an older one would not be "
                                          "noticed: ") +
                                  error.what()});
  }
  trust.document = std::move(newest.document);
  trust.digest = newest.digest;
  return trust;
}

std::string put_back_trust(storage::ObjectStore& store, const core::PublicKey& owner,
                           const std::filesystem::path& memory_folder) {
  const TrustMemory memory(memory_folder, store.address());
  const auto id = memory.repository();
  if (!id)
    throw core::Error("this machine remembers no repository at " + store.address() +
                      "; try one that used it, under the same address");
  const auto seen = memory.last_seen(*id);
  const auto copy = seen ? memory.copy_of(*id, seen->digest) : std::nullopt;
  if (!copy)
    throw core::Error("this machine keeps no copy of the trust object that it saw last; try "
                      "another that used the repository");
  decode_trust(*copy, owner); // whoever wrote here must not choose whom others trust
  auto name = trust_object_name(seen->version);
  if (const auto there = store.get(name, longest_trust)) {
    if (core::sha256(*there) == seen->digest)
      throw core::Error(name + " is there, as this machine saw it; nothing is to be put back");
    refuse_owners(*there, owner, name);
    store.remove(name); // damaged, or a thief's
  }
  store.put(name, *copy);
  return name;
}

TrustDocument next_version(const TrustInForce& trust, core::TimePoint now) {
  auto next = trust.document;
  next.previous = PreviousTrust{trust.document.version, trust.digest};
  ++next.version;
  next.created = now;
  return next;
}

void put_trust(storage::ObjectStore& store, std::uint32_t version, core::ByteView object) {
  const auto name = trust_object_name(version);
  try {
    store.put(name, object);
  } catch (const core::Cancelled&) {
    throw;
  } catch (core::Error& error) {
    error.add_context("storing " + name +
                      ", which may be there all the same (intendance repository info shows it)");
    const bool may_be_there = dynamic_cast<const core::TransientError*>(&error) != nullptr;
    if (may_be_there && is_stored(store, name, object)) return;
    throw;
  }
}

core::Digest store_trust(storage::ObjectStore& store, TrustDocument& document,
                         const OwnerKey& owner, const AgeIdentity& reader) {
  // A thief may have put something under the next name; a number that is left out does no harm.
  while (store.head(trust_object_name(document.version))) ++document.version;
  const auto object = encode_trust(document, owner);
  if (object.size() > longest_trust) {
    throw core::Error(fmt::format("the trust object would have {} bytes, more than the {} that "
                                  "anybody reads; of a writer that is revoked, --before leaves out "
                                  "snapshots that came later",
                                  object.size(), longest_trust));
  }
  const auto again = decode_trust(object, owner.public_key());
  const auto is_reader =
      std::any_of(again.readers.begin(), again.readers.end(),
                  [&](const auto& each) { return each.recipient == reader.recipient(); });
  if (is_reader) open_reader_secrets(again, reader);
  put_trust(store, document.version, object);
  return core::sha256(object);
}

} // namespace intendance::backupd
