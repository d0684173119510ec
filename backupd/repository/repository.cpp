// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/repository.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

namespace intendance::backupd {

using core::ConfigError;
using core::CorruptData;
using core::to_hex;

namespace {

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

// The version that this machine saw last; 0 when it saw none.
class TrustMemory {
public:
  TrustMemory(const std::filesystem::path& folder, const RepositoryId& repository)
      : file_(folder.empty() ? folder : folder / ("trust-" + to_hex(repository))) {}

  std::uint32_t last_seen() const {
    if (file_.empty() || !std::filesystem::exists(file_)) return 0;
    const auto text = core::read_file(file_, 100);
    std::uint32_t version = 0;
    const auto result = std::from_chars(text.data(), text.data() + text.size(), version);
    if (result.ec != std::errc() || version == 0) {
      throw ConfigError(file_.string() +
                        " does not hold the version of the trust object that was seen last; "
                        "if you know that the repository was not put back, remove it");
    }
    return version;
  }
  void remember(std::uint32_t version) const {
    if (file_.empty() || version <= last_seen()) return;
    std::error_code error;
    std::filesystem::create_directories(file_.parent_path(), error);
    if (error)
      throw core::Error("cannot make folder " + file_.parent_path().string() + ": " +
                        error.message());
    core::write_file_atomically(file_, std::to_string(version) + "\n", 0644);
  }

private:
  std::filesystem::path file_;
};

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

} // namespace

std::optional<core::Digest> digest_of(const std::string& object) {
  try {
    return core::to_array<32>(core::from_hex(object.substr(object.rfind('/') + 1)));
  } catch (const CorruptData&) {
    return std::nullopt;
  }
}

void Repository::initialise(storage::ObjectStore& store, const KeyFolder& keys,
                            const std::string& machine, core::TimePoint now) {
  store.list("trust/", [&](const storage::ObjectInfo& info) {
    throw core::Error(store.address() + " holds a repository already (" + info.name +
                      "); to use it, give its keys; to begin anew, choose another address");
  });
  keys.generate_missing();
  const auto writer = *keys.writer();
  const auto trust = make_trust({"reader", keys.reader()->recipient()},
                                {"maintenance", keys.maintenance()->recipient()},
                                {machine, writer.identity().recipient(), writer.public_key()}, now);
  store.put(trust_object_name(trust.version), encode_trust(trust, *keys.owner()));
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
  bool any = false;
  store_->list("trust/", [&](const storage::ObjectInfo& info) {
    any = true;
    try {
      const auto object = store_->get(info.name, longest_trust);
      if (!object) return;
      auto trust = decode_trust(*object, owner);
      if (version_of(info.name) != trust.version)
        throw CorruptData("has another version than its name says");
      if (!trust_ || trust.version > trust_->version) {
        trust_ = std::make_unique<TrustDocument>(std::move(trust));
      }
    } catch (const core::TransientError&) {
      throw;
    } catch (const core::Error& error) {
      findings_.push_back({info.name, error.what()});
    }
  });
  if (!trust_) {
    if (!any)
      throw core::Error(
          "there is no repository (nothing under trust/); intendance repository init makes one");
    throw core::AccessDenied("no trust object is the pinned owner's: " + findings_.front().object +
                             " " + findings_.front().message);
  }
  const TrustMemory remembered(memory, trust_->repository);
  if (trust_->version < remembered.last_seen()) {
    throw core::AccessDenied(fmt::format("the newest trust object is version {}, but this machine "
                                         "has seen version {}: somebody removed "
                                         "it or put an older copy of the repository in its place",
                                         trust_->version, remembered.last_seen()));
  }
  remembered.remember(trust_->version);
}

void Repository::open_secrets(const KeyFolder& keys, std::initializer_list<Role> roles) {
  for (const auto role : roles) {
    role_ = role;
    if (role == Role::writer) {
      auto writer = keys.writer();
      if (!writer) continue;
      if (trust_->writer(writer->public_key()) == nullptr) {
        throw core::AccessDenied("the owner does not trust " +
                                 (keys.path() / "writer.key").string() + " to write here");
      }
      secrets_ = std::make_unique<SharedSecrets>(open_writer_secrets(*trust_, *writer));
      writer_ = std::make_unique<WriterKey>(std::move(*writer));
      return;
    }
    const auto identity = role == Role::reader ? keys.reader() : keys.maintenance();
    if (!identity) continue;
    secrets_ = std::make_unique<SharedSecrets>(role == Role::reader
                                                   ? open_reader_secrets(*trust_, *identity)
                                                   : open_maintainer_secrets(*trust_, *identity));
    return;
  }
  throw ConfigError(keys.path().string() + " holds no key for this; " + names_of(roles) +
                    " is needed");
}

std::vector<Snapshot> Repository::snapshots(std::vector<Finding>& findings) const {
  std::vector<Snapshot> found;
  store_->list("snapshots/", [&](const storage::ObjectInfo& info) {
    try {
      const auto name = digest_of(info.name);
      if (!name) throw CorruptData("is not a name of a snapshot");
      const auto object = store_->get(info.name, longest_snapshot);
      if (object) found.push_back(decode_snapshot(*name, *object, *trust_, *secrets_));
    } catch (const core::TransientError&) {
      throw;
    } catch (const core::Error& error) {
      findings.push_back({info.name, error.what()});
    }
  });
  std::sort(found.begin(), found.end(), [](const auto& left, const auto& right) {
    return std::tie(left.header.started, left.header.sequence) <
           std::tie(right.header.started, right.header.sequence);
  });
  return found;
}

Snapshot Repository::find_snapshot(const std::string& wanted) const {
  std::vector<Finding> unreadable;
  auto all = snapshots(unreadable);
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

SnapshotBody Repository::body(const Snapshot& snapshot) const {
  const auto object_name = snapshot_object_name(snapshot.name);
  return core::with_context(object_name, [&] {
    const auto object = store_->get(object_name, longest_snapshot);
    if (!object) throw CorruptData("is gone");
    if (core::sha256(*object) != snapshot.name) throw CorruptData("is not what its name says");
    return decode_snapshot_body(*object, *trust_, *secrets_);
  });
}

void Repository::update(ChunkIndex& index, std::vector<Finding>& findings) const {
  std::vector<storage::ObjectInfo> objects;
  store_->list("indexes/", [&](const storage::ObjectInfo& info) { objects.push_back(info); });
  std::set<core::Digest> present;
  for (const auto& info : objects) {
    if (const auto name = digest_of(info.name)) present.insert(*name);
  }
  // A pack that only a vanished index named may be gone with it.
  if (!std::includes(present.begin(), present.end(), index.objects().begin(),
                     index.objects().end())) {
    index.clear();
  }
  bool all_read = true;
  for (const auto& info : objects) all_read = add_index(info, index, findings) && all_read;
  if (!all_read) add_packs_without_index(index, findings);
}

bool Repository::add_index(const storage::ObjectInfo& info, ChunkIndex& index,
                           std::vector<Finding>& findings) const {
  const auto name = digest_of(info.name);
  if (name && index.objects().contains(*name)) return true;
  try {
    if (!name) throw CorruptData("is not a name of an index");
    const auto object = store_->get(info.name, longest_index);
    if (!object) return true; // a prune put another in its place just now
    if (core::sha256(*object) != *name) throw CorruptData("is not what its name says");
    decode_index(*object, secrets_->structure, [&](PackInfo&& pack) { index.add(pack); });
    index.add_object(*name);
    return true;
  } catch (const core::TransientError&) {
    throw;
  } catch (const core::Error& error) {
    findings.push_back(
        {info.name, std::string(error.what()) + "; reading the packs' own directories instead"});
    return false;
  }
}

void Repository::add_packs_without_index(ChunkIndex& index, std::vector<Finding>& findings) const {
  store_->list("packs/", [&](const storage::ObjectInfo& info) {
    const auto name = digest_of(info.name);
    if (!name || index.find_pack(*name)) return;
    try {
      index.add(read_pack_info(*name, info.size));
    } catch (const core::TransientError&) {
      throw;
    } catch (const core::Error& error) {
      findings.push_back({info.name, error.what()});
    }
  });
}

namespace {

Buffer part_of(storage::ObjectStore& store, const std::string& object, std::uint64_t offset,
               std::uint64_t length) {
  auto bytes = store.get(object, storage::Range{offset, length});
  if (!bytes) throw CorruptData("is gone");
  return std::move(*bytes);
}

} // namespace

PackDirectory Repository::read_directory(const PackName& name, std::uint64_t size,
                                         std::uint32_t directory_length) const {
  if (size < pack_tail_size + directory_length + intro_size)
    throw CorruptData("is too short for a pack");
  const auto sealed = part_of(*store_, pack_object_name(name),
                              size - pack_tail_size - directory_length, directory_length);
  return open_directory(sealed, size, secrets_->structure);
}

PackInfo Repository::read_pack_info(const PackName& name, std::uint64_t size) const {
  if (size < intro_size + pack_tail_size) throw CorruptData("is too short for a pack");
  const auto tail = part_of(*store_, pack_object_name(name), size - pack_tail_size, pack_tail_size);
  PackInfo info;
  info.name = name;
  info.size = size;
  info.directory_length = directory_length(tail, size);
  info.directory = read_directory(name, size, info.directory_length);
  return info;
}

} // namespace intendance::backupd
