// SPDX-License-Identifier: AGPL-3.0-or-later
// Packs: objects that hold many sealed chunks and a sealed directory of them.
#pragma once

#include "backupd/repository/compression.hpp"
#include "backupd/repository/manifest.hpp"
#include "backupd/repository/trust.hpp"
#include "core/crypto.hpp"
#include "storage/object_store.hpp"

#include <filesystem>
#include <map>
#include <memory>
#include <vector>

namespace intendance::backupd {

enum class ChunkKind : std::uint8_t { contents = 1, manifest = 2, references = 3 };

inline constexpr std::size_t pack_header_size = 64;
using PackHeader = std::array<std::uint8_t, pack_header_size>;
using PackName = core::Digest;

struct PackEntry {
  ChunkId id{};
  ChunkKind kind = ChunkKind::contents;
  std::uint32_t offset = 0; // of the blob in the pack, bytes
  std::uint32_t stored = 0; // bytes in the pack, with the tag
  std::uint32_t length = 0; // bytes of the chunk
};

struct PackInfo {
  PackName name{};
  std::uint64_t size = 0;
  PackHeader header{};
  std::vector<PackEntry> entries; // in the order of the blobs
};

// The sealed directory's length, from the last four bytes of a pack of that size. Throws
// CorruptData.
inline constexpr std::size_t pack_tail_size = 4;
std::uint32_t directory_length(ByteView tail, std::uint64_t pack_size);

std::string pack_object_name(const PackName& name); // "packs/3f/3fa9…"

// What one backup seals with. The secret half of its key is forgotten with it.
struct WriteSession {
  std::uint32_t epoch = 0;
  core::PublicKey public_key{};
  core::SecretBytes secret;    // the session secret of the format
  core::SecretBytes structure; // shared
  core::SecretBytes naming;    // shared
};
WriteSession begin_session(const TrustDocument& trust, const SharedSecrets& secrets);

// The session secret as a reader finds it. Throws AccessDenied for an epoch that he does not have.
core::SecretBytes session_secret(const TrustDocument& trust, const SharedSecrets& reader,
                                 std::uint32_t epoch, const core::PublicKey& session);

ChunkId chunk_id(const core::SecretBytes& naming, ChunkKind kind, ByteView raw);

// Writes one pack into a spool file that has no name, so that nothing is left of a broken run; each
// blob is opened again and compared before it counts.
class PackWriter {
public:
  PackWriter(const WriteSession& session, const std::filesystem::path& spool_folder);

  // `raw` is of at most 16 MiB. The id is its chunk_id().
  void add(const ChunkId& id, ChunkKind kind, ByteView raw, Compressor& compressor);
  std::uint64_t size() const { return offset_; }
  bool empty() const { return info_.entries.empty(); }
  // Adds directory and padding, stores the pack, and tells what it became.
  PackInfo store(storage::ObjectStore& store);

private:
  void append(ByteView bytes);
  Buffer sealed_directory() const;

  const WriteSession& session_;
  core::FileDescriptor spool_;
  core::Blake2b hash_;
  std::uint64_t offset_ = 0;
  PackInfo info_;
  core::SecretBytes contents_key_, references_key_;
};

// Opens blobs of packs, given what the holder's keys allow: a reader all, others references alone.
class PackOpener {
public:
  PackOpener(const TrustDocument& trust, const SharedSecrets& secrets);

  // `number` is the entry's place in its pack. Checks the chunk's id where the naming secret is at
  // hand. Throws CorruptData or AccessDenied.
  Buffer open(const PackHeader& header, const PackEntry& entry, std::size_t number,
              ByteView sealed) const;
  // What a pack's first 64 bytes and its sealed directory say of it. Throws CorruptData.
  PackInfo open_directory(const PackName& name, std::uint64_t size, const PackHeader& header,
                          ByteView directory) const;

private:
  core::SecretBytes blob_key(const PackHeader& header, ChunkKind kind) const;
  const TrustDocument& trust_;
  const SharedSecrets& secrets_;
};

void write_entry(ByteWriter& writer, const PackEntry& entry); // the 41 bytes of a directory
PackEntry read_entry(ByteReader& reader, std::uint32_t offset);

// The least length from `length` on that Padmé allows: at most 12 % more, few different ones.
std::uint64_t padded_length(std::uint64_t length);

} // namespace intendance::backupd
