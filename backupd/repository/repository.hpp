// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "backupd/repository/chunk_index.hpp"
#include "backupd/repository/index.hpp"
#include "backupd/repository/keys.hpp"
#include "backupd/repository/snapshot.hpp"
#include "backupd/repository/trust_store.hpp"
#include "core/error.hpp"
#include "core/synchronized.hpp"
#include "storage/get_each.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

// Longest objects of each kind that are read whole, in bytes.
inline constexpr std::uint64_t longest_snapshot = std::uint64_t{256} << 20;
inline constexpr std::uint64_t longest_index = std::uint64_t{256} << 20;

// Who is in a first trust object beside the keys of the folder.
struct FirstPeople {
  std::vector<TrustedKey> readers;    // whose private halves are elsewhere
  std::optional<WriterPublic> writer; // of a machine that made its own key: none is made here
  enum class ReaderKey { in_folder, none } reader_key = ReaderKey::in_folder;
};

// The digest that an object's name ends with; nothing for another name.
std::optional<core::Digest> digest_of(const std::string& object);

// A pack is not there any more, where it was a moment ago or an index says that it is.
class Gone : public core::CorruptData {
public:
  Gone() : CorruptData("is gone") {}
};

// One repository, as the holder of some keys sees it. Owns its store. One thread at a time, where
// nothing else is said.
class Repository {
public:
  // Makes the keys that are not in the folder and the first trust object. What was half made is
  // finished, and a repository that is just this one is left as it is. Throws Error when the store
  // holds another.
  enum class Initialised { now, before };
  static Initialised initialise(storage::ObjectStore& store, const KeyFolder& keys,
                                const std::string& machine, core::TimePoint now,
                                const FirstPeople& people = {});

  // Finds the trust object in force, as find_trust() with that memory, and opens it with the first
  // key of the folder among `roles`. Throws ConfigError for missing keys, AccessDenied for
  // untrusted ones, CorruptData.
  static Repository open(std::unique_ptr<storage::ObjectStore> store, const KeyFolder& keys,
                         std::initializer_list<Role> roles, const std::filesystem::path& memory);

  storage::ObjectStore& store() const { return *store_; }
  const TrustDocument& trust() const { return *trust_; }
  const SharedSecrets& secrets() const { return *secrets_; }
  Role role() const { return role_; }
  const WriterKey& writer() const { return *writer_; } // when role() is writer
  const std::vector<Finding>& findings() const { return findings_; }

  // All that can be read, oldest first; what cannot is added to `findings`. A copy in a catalogue
  // is as good as a snapshot that is there, but for whoever asks whether that can be read.
  enum class Copies { are_enough, are_not_enough };
  std::vector<Snapshot> snapshots(std::vector<Finding>& findings,
                                  Copies copies = Copies::are_enough) const;
  // By id, a unique prefix of at least 4 digits, or "latest". Throws ConfigError.
  // What else cannot be used is added to `findings`: it might have been the latest.
  Snapshot find_snapshot(const std::string& wanted, std::vector<Finding>& findings) const;
  Snapshot find_snapshot(const std::string& wanted) const;
  SnapshotBody body(const Snapshot& snapshot) const;

  // Adds what the repository's indexes say and `index` does not know yet, and begins anew when some
  // that it knew are gone; where an index cannot be read, the packs' own directories say the rest.
  void update(ChunkIndex& index, std::vector<Finding>& findings) const;
  // The first half of that, of indexes that came since; false when one cannot be read.
  bool add_indexes(ChunkIndex& index, std::vector<Finding>& findings) const;
  // The packs of the store that `index` does not know, from their own directories; `looked_at`
  // hears of each.
  void add_packs_without_index(ChunkIndex& index, std::vector<Finding>& findings,
                               const std::function<void()>& looked_at = {}) const;
  // The directory of a pack as it is stored; throws CorruptData. Any thread. By the same request
  // come the bytes that stand before it, as many as there is room for in `before`, which is cut to
  // those that there are.
  PackDirectory read_directory(const PackName& name, std::uint64_t size,
                               std::uint32_t directory_length, Buffer* before = nullptr) const;
  // The same, of a pack of which only the size is known.
  PackInfo read_pack_info(const PackName& name, std::uint64_t size) const;
  const BlockOpener& opener() const { return *opener_; }
  const ChunkNamer& namer() const { return *namer_; }

private:
  Repository() = default;
  void load_trust(const core::PublicKey& owner, const std::filesystem::path& memory);
  std::vector<std::string> list_indexes() const;
  bool add_indexes(std::vector<std::string> listed, ChunkIndex& index,
                   std::vector<Finding>& findings) const;
  enum class Added { known, gone, unreadable };
  Added add_index(const std::string& object_name, const storage::Got& got, ChunkIndex& index,
                  std::vector<Finding>& findings) const;
  void take_copies(std::vector<std::string>& names, std::vector<Snapshot>& found,
                   std::vector<Finding>& findings) const;
  void keep_newest(const Snapshot& snapshot, ByteView object) const;
  void check_trust_version(const Snapshot& snapshot, std::vector<Finding>& findings) const;
  void open_secrets(const KeyFolder& keys, std::initializer_list<Role> roles);

  std::unique_ptr<storage::ObjectStore> store_;
  std::unique_ptr<TrustDocument> trust_;
  std::unique_ptr<SharedSecrets> secrets_;
  std::unique_ptr<WriterKey> writer_;
  std::unique_ptr<BlockOpener> opener_;
  std::unique_ptr<ChunkNamer> namer_;
  // Of the newest snapshot that was listed: its object.
  struct Newest {
    SnapshotName name{};
    core::TimePoint started{};
    std::uint64_t sequence = 0;
    Buffer object;
  };
  std::unique_ptr<core::Synchronized<Newest>> newest_ =
      std::make_unique<core::Synchronized<Newest>>();
  Role role_ = Role::reader;
  std::vector<Finding> findings_;
};

} // namespace intendance::backupd
