// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/repository.hpp"

#include "backupd/repository/catalogue.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace intendance::backupd {

using core::ConfigError;
using core::CorruptData;
using core::to_hex;

namespace {

constexpr std::size_t largest_kept_snapshot = std::size_t{1} << 20;
constexpr int most_attempts = 5; // at a list of which something was gone when it was read

// A key that was revoked says so, rather than that it opens nothing.
void refuse_revoked(const std::vector<RevokedKey>& revoked, const std::vector<TrustedKey>& trusted,
                    const AgeRecipient& recipient, const std::filesystem::path& file) {
  const auto is_his = [&](const auto& each) { return each.recipient == recipient; };
  if (std::any_of(trusted.begin(), trusted.end(), is_his)) return;
  const auto found = std::find_if(revoked.begin(), revoked.end(), is_his);
  if (found == revoked.end()) return;
  throw core::AccessDenied("the owner revoked " + file.string() + " (" + found->name + ")");
}

std::string names_of(std::initializer_list<Role> roles) {
  std::string names;
  for (const auto role : roles) {
    names += names.empty() ? "" : " or ";
    names += role == Role::reader       ? "reader.key"
             : role == Role::maintainer ? "maintenance.key"
                                        : "writer.key";
  }
  return names;
}

// Whom a first trust object names; nothing when a key that it needs is not in the folder.
std::optional<TrustDocument> first_people(const KeyFolder& keys, const std::string& machine,
                                          const FirstPeople& people) {
  TrustDocument document;
  document.readers = people.readers;
  if (people.reader_key == FirstPeople::ReaderKey::in_folder) {
    const auto reader = keys.reader();
    if (!reader) return std::nullopt;
    document.readers.insert(document.readers.begin(), {"reader", reader->recipient()});
  }
  const auto maintenance = keys.maintenance();
  const auto own_writer = people.writer ? std::nullopt : keys.writer();
  if (!maintenance || !(people.writer || own_writer) || !keys.owner()) return std::nullopt;
  const auto writer = people.writer ? *people.writer : own_writer->public_half();
  document.maintainers = {{"maintenance", maintenance->recipient()}};
  document.writers = {{machine, writer.recipient, writer.signs}};
  return document;
}

// Whether the store holds just the trust object that would be made for these people.
bool is_first_trust(storage::ObjectStore& store, const std::vector<std::string>& there,
                    const KeyFolder& keys, const std::optional<TrustDocument>& people) {
  if (!people || there != std::vector{trust_object_name(1)}) return false;
  const auto object = store.get(there.front(), longest_trust);
  if (!object) return false;
  try {
    const auto made = decode_trust(*object, keys.owner_public());
    return made.version == 1 && made.readers == people->readers &&
           made.maintainers == people->maintainers && made.writers == people->writers;
  } catch (const core::Error&) {
    return false; // somebody else's, or none
  }
}

} // namespace

std::optional<core::Digest> digest_of(const std::string& object) {
  try {
    return core::to_array<32>(core::from_hex(object.substr(object.rfind('/') + 1)));
  } catch (const CorruptData&) {
    return std::nullopt;
  }
}

Repository::Initialised Repository::initialise(storage::ObjectStore& store, const KeyFolder& keys,
                                               const std::string& machine, core::TimePoint now,
                                               const FirstPeople& people) {
  const bool own_reader = people.reader_key == FirstPeople::ReaderKey::in_folder;
  if (people.readers.empty() && !own_reader) {
    throw ConfigError("a repository that nobody can read is no backup: name a --recipient");
  }
  std::vector<std::string> there;
  store.list("trust/", [&](const storage::ObjectInfo& info) { there.push_back(info.name); });
  if (is_first_trust(store, there, keys, first_people(keys, machine, people)))
    return Initialised::before;
  if (!there.empty()) {
    throw core::Error(store.address() + " holds a repository already (" + there.front() +
                      "); to use it, give its keys; to begin anew, choose another address");
  }
  if (holds_backups(store)) {
    throw core::Error(store.address() + " holds backups of a repository whose trust object is "
                                        "gone; put that back (intendance repository restore-trust "
                                        "on a machine that used it), or choose another address");
  }
  keys.generate_missing({KeyKind::owner, KeyKind::maintenance});
  if (own_reader) keys.generate_missing({KeyKind::reader});
  if (!people.writer) keys.generate_missing({KeyKind::writer});
  const auto document = make_trust(*first_people(keys, machine, people), now);
  const auto object = encode_trust(document, *keys.owner());
  decode_trust(object, keys.owner_public()); // refuses two of one name before it is too late
  core::with_context("the keys are in " + keys.path().string() +
                         ", and the same command again goes on with them",
                     [&] { put_trust(store, document.version, object); });
  return Initialised::now;
}

Repository Repository::open(std::unique_ptr<storage::ObjectStore> store, const KeyFolder& keys,
                            std::initializer_list<Role> roles,
                            const std::filesystem::path& memory) {
  Repository repository;
  repository.store_ = std::move(store);
  core::with_context("opening " + repository.store_->address(), [&] {
    repository.load_trust(keys.owner_public(), memory);
    repository.open_secrets(keys, roles);
  });
  repository.opener_ = std::make_unique<BlockOpener>(*repository.trust_, *repository.secrets_);
  repository.namer_ = std::make_unique<ChunkNamer>(*repository.secrets_);
  return repository;
}

void Repository::load_trust(const core::PublicKey& owner, const std::filesystem::path& memory) {
  auto trust = find_trust(*store_, owner, memory);
  trust_ = std::make_unique<TrustDocument>(std::move(trust.document));
  findings_ = std::move(trust.findings);
}

void Repository::open_secrets(const KeyFolder& keys, std::initializer_list<Role> roles) {
  for (const auto role : roles) {
    role_ = role;
    if (role == Role::writer) {
      auto writer = keys.writer();
      if (!writer) continue;
      if (const auto* revoked = trust_->revoked_writer(writer->public_key())) {
        throw core::AccessDenied("the owner revoked " + (keys.path() / "writer.key").string() +
                                 " (" + revoked->name +
                                 "); make another with intendance key generate writer");
      }
      if (trust_->writer(writer->public_key()) == nullptr) {
        throw core::AccessDenied("the owner does not trust " +
                                 (keys.path() / "writer.key").string() + " to write here");
      }
      secrets_ = std::make_unique<SharedSecrets>(open_writer_secrets(*trust_, *writer));
      writer_ = std::make_unique<WriterKey>(std::move(*writer));
      return;
    }
    const bool reads = role == Role::reader;
    const auto identity = reads ? keys.reader() : keys.maintenance();
    if (!identity) continue;
    refuse_revoked(reads ? trust_->revoked_readers : trust_->revoked_maintainers,
                   reads ? trust_->readers : trust_->maintainers, identity->recipient(),
                   keys.path() / file_name(reads ? KeyKind::reader : KeyKind::maintenance));
    secrets_ = std::make_unique<SharedSecrets>(reads ? open_reader_secrets(*trust_, *identity)
                                                     : open_maintainer_secrets(*trust_, *identity));
    return;
  }
  throw ConfigError(keys.path().string() + " holds no key for this; " + names_of(roles) +
                    " is needed");
}

std::vector<Snapshot> Repository::snapshots(std::vector<Finding>& findings, Copies copies) const {
  std::vector<std::string> names;
  store_->list("snapshots/", [&](const storage::ObjectInfo& info) { names.push_back(info.name); });
  std::vector<Snapshot> found;
  if (copies == Copies::are_enough && names.size() >= worth_a_catalogue)
    take_copies(names, found, findings);
  const auto use = [&](const std::string& object_name, const storage::Got& got) {
    try {
      const auto object = got();
      if (!object) return; // forgotten meanwhile
      const auto name = digest_of(object_name);
      if (!name) throw CorruptData("is not a name of a snapshot");
      found.push_back(decode_snapshot(*name, *object, *trust_, *secrets_));
      keep_newest(found.back(), *object);
      check_trust_version(found.back(), findings);
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      findings.push_back({object_name, error.what()});
    }
  };
  storage::get_each(*store_, names, longest_snapshot, use);
  std::sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
    return std::tie(left.header.started, left.header.sequence) <
           std::tie(right.header.started, right.header.sequence);
  });
  return found;
}

// Takes what it finds out of `names`. A copy that is none, or that nobody trusts, is left to what
// is said of the snapshot itself.
void Repository::take_copies(std::vector<std::string>& names, std::vector<Snapshot>& found,
                             std::vector<Finding>& findings) const {
  std::set<std::string> left(names.begin(), names.end());
  const auto use = [&](ByteView object) {
    const auto name = core::sha256(object);
    const auto object_name = snapshot_object_name(name);
    if (!left.contains(object_name)) return; // forgotten, or in two catalogues
    try {
      found.push_back(decode_snapshot(name, object, *trust_, *secrets_));
    } catch (const core::Error&) { // the snapshot itself says it again
      return;
    }
    left.erase(object_name);
    keep_newest(found.back(), object);
    check_trust_version(found.back(), findings);
  };
  for_each_copy(*store_, use, [&](const std::string& catalogue, const std::string& message) {
    findings.push_back({catalogue, message + "; the snapshots themselves are read instead"});
  });
  names.assign(left.begin(), left.end());
}

// A snapshot of a later trust object than the one in force shows that somebody took that away,
// unless it came since.
void Repository::check_trust_version(const Snapshot& snapshot,
                                     std::vector<Finding>& findings) const {
  const auto version = snapshot.header.trust_version;
  if (version <= trust_->version || store_->head(trust_object_name(version))) return;
  findings.push_back({trust_object_name(version),
                      "is gone: " + snapshot_object_name(snapshot.name) + " was written under it"});
}

Snapshot Repository::find_snapshot(const std::string& wanted) const {
  std::vector<Finding> ignored;
  return find_snapshot(wanted, ignored);
}

Snapshot Repository::find_snapshot(const std::string& wanted,
                                   std::vector<Finding>& findings) const {
  std::vector<Finding> unreadable;
  auto all = snapshots(unreadable);
  findings.insert(findings.end(), unreadable.begin(), unreadable.end());
  if (wanted == "latest") {
    if (all.empty() && !unreadable.empty()) {
      throw CorruptData("no snapshot of " + store_->address() + " can be used: " +
                        unreadable.front().object + " " + unreadable.front().message);
    }
    if (all.empty()) throw ConfigError(store_->address() + " holds no snapshot yet");
    return all.back();
  }
  std::vector<Snapshot> matching;
  for (const auto& snapshot : all) {
    if (wanted.size() >= 4 && to_hex(snapshot.name).starts_with(wanted))
      matching.push_back(snapshot);
  }
  if (matching.size() == 1) return matching.front();
  throw ConfigError(
      fmt::format("\"{}\" names {} of the {} snapshots of {}; an id, a unique beginning of "
                  "one (4 digits or more) or latest is wanted",
                  wanted, matching.empty() ? "none" : "several", all.size(), store_->address()));
}

// Who lists snapshots mostly asks for the body of the last one next.
void Repository::keep_newest(const Snapshot& snapshot, ByteView object) const {
  newest_->with([&](Newest& newest) {
    const auto& header = snapshot.header;
    if (std::tie(header.started, header.sequence) < std::tie(newest.started, newest.sequence))
      return;
    newest = {snapshot.name, header.started, header.sequence, {}};
    if (object.size() <= largest_kept_snapshot) newest.object.assign(object.begin(), object.end());
  });
}

SnapshotBody Repository::body(const Snapshot& snapshot) const {
  const auto object_name = snapshot_object_name(snapshot.name);
  return core::with_context(object_name, [&] {
    const auto kept = newest_->with([&](const Newest& newest) {
      return newest.name == snapshot.name ? newest.object : Buffer();
    });
    if (!kept.empty()) return decode_snapshot_body(kept, *trust_, *secrets_);
    const auto object = store_->get(object_name, longest_snapshot);
    if (!object) throw CorruptData("is gone");
    if (core::sha256(*object) != snapshot.name) throw CorruptData("is not what its name says");
    return decode_snapshot_body(*object, *trust_, *secrets_);
  });
}

void Repository::update(ChunkIndex& index, std::vector<Finding>& findings) const {
  const auto listed = list_indexes();
  std::set<core::Digest> present;
  for (const auto& object : listed) {
    if (const auto name = digest_of(object)) present.insert(*name);
  }
  // A pack that only a vanished index named may be gone with it.
  if (!std::includes(present.begin(), present.end(), index.objects().begin(),
                     index.objects().end())) {
    index.clear();
  }
  if (!add_indexes(listed, index, findings)) add_packs_without_index(index, findings);
}

std::vector<std::string> Repository::list_indexes() const {
  std::vector<std::string> objects;
  store_->list("indexes/", [&](const storage::ObjectInfo& info) { objects.push_back(info.name); });
  return objects;
}

bool Repository::add_indexes(ChunkIndex& index, std::vector<Finding>& findings) const {
  return add_indexes(list_indexes(), index, findings);
}

// Until none vanishes in between: what a prune put in its place is in the next list.
bool Repository::add_indexes(std::vector<std::string> listed, ChunkIndex& index,
                             std::vector<Finding>& findings) const {
  std::set<std::string> unreadable;
  for (int attempt = 1;; ++attempt) {
    std::vector<std::string> objects;
    std::copy_if(
        listed.begin(), listed.end(), std::back_inserter(objects), [&](const std::string& object) {
          const auto name = digest_of(object);
          return !unreadable.contains(object) && !(name && index.objects().contains(*name));
        });
    bool any_gone = false;
    storage::get_each(*store_, objects, longest_index, [&](const auto& object, const auto& got) {
      const auto added = add_index(object, got, index, findings);
      if (added == Added::unreadable) unreadable.insert(object);
      any_gone |= added == Added::gone;
    });
    if (!any_gone || attempt == most_attempts) return unreadable.empty();
    listed = list_indexes();
  }
}

Repository::Added Repository::add_index(const std::string& object_name, const storage::Got& got,
                                        ChunkIndex& index, std::vector<Finding>& findings) const {
  const auto name = digest_of(object_name);
  try {
    const auto object = got();
    if (!object) return Added::gone;
    if (!name) throw CorruptData("is not a name of an index");
    if (core::sha256(*object) != *name) throw CorruptData("is not what its name says");
    decode_index(*object, *secrets_, [&](PackInfo&& pack) { index.add(pack); });
    index.add_object(*name);
    return Added::known;
  } catch (const core::Unanswered&) {
    throw;
  } catch (const core::Error& error) {
    findings.push_back(
        {object_name, std::string(error.what()) + "; reading the packs' own directories instead"});
    return Added::unreadable;
  }
}

void Repository::add_packs_without_index(ChunkIndex& index, std::vector<Finding>& findings,
                                         const std::function<void()>& looked_at) const {
  store_->list("packs/", [&](const storage::ObjectInfo& info) {
    if (looked_at) looked_at();
    const auto name = digest_of(info.name);
    if (!name || index.find_pack(*name)) return;
    try {
      index.add(read_pack_info(*name, info.size), ChunkIndex::From::own_directory);
    } catch (const core::Unanswered&) {
      throw;
    } catch (const core::Error& error) {
      findings.push_back({info.name, error.what()});
    }
  });
}

namespace {

Buffer part_of(storage::ObjectStore& store, const std::string& object, std::uint64_t offset,
               std::uint64_t length) {
  Buffer bytes(length);
  if (!store.read(object, offset, bytes)) throw Gone();
  return bytes;
}

} // namespace

PackDirectory Repository::read_directory(const PackName& name, std::uint64_t size,
                                         std::uint32_t directory_length, Buffer* before) const {
  // An index may say anything; memory is asked for by what a pack can be.
  if (size < pack_tail_size + directory_length + intro_size)
    throw CorruptData("is too short for a pack");
  if (size > longest_pack) throw CorruptData("is longer than a pack may be");
  const auto length = std::uint64_t{directory_length} + pack_tail_size;
  const auto more = before != nullptr ? std::min<std::uint64_t>(before->size(), size - length) : 0;
  auto end = part_of(*store_, pack_object_name(name), size - length - more, length + more);
  auto directory = open_directory(ByteView(end).last(length), size, *secrets_);
  if (before != nullptr) {
    end.resize(more);
    *before = std::move(end);
  }
  return directory;
}

PackInfo Repository::read_pack_info(const PackName& name, std::uint64_t size) const {
  if (size < intro_size + pack_tail_size) throw CorruptData("is too short for a pack");
  const auto tail = part_of(*store_, pack_object_name(name), size - pack_tail_size, pack_tail_size);
  PackInfo info;
  info.name = name;
  info.size = size;
  info.directory_length = read_pack_tail(tail, size).directory_length;
  info.directory = read_directory(name, size, info.directory_length);
  return info;
}

} // namespace intendance::backupd
