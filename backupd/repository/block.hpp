// SPDX-License-Identifier: AGPL-3.0-or-later
// Blocks: several chunks, compressed and sealed together.
#pragma once

#include "backupd/repository/chunk.hpp"
#include "backupd/repository/compression.hpp"
#include "core/synchronized.hpp"

#include <map>
#include <memory>

namespace intendance::backupd {

inline constexpr std::size_t longest_block = std::size_t{8} << 20;        // before compression
inline constexpr std::size_t longest_sealed_block = std::size_t{9} << 20; // in a pack

// What the key of a block is made from, beside the readers' secret.
struct Origin {
  std::uint32_t epoch = 0;
  core::PublicKey session{};
  auto operator<=>(const Origin&) const = default;
};

// What one backup seals with. The secret half of its key is forgotten with it.
struct WriteSession {
  Origin origin;
  core::SecretBytes secret; // the session secret of the format
};
WriteSession begin_session(const TrustDocument& trust);

// Seals blocks of one session. One thread at a time: it keeps its working memory.
class BlockSealer {
public:
  BlockSealer(const WriteSession& session, const SharedSecrets& secrets, int compression_level);
  // Compresses, seals, opens again and compares, because a fault of memory, processor or library
  // must be found while the source still exists: CorruptData then. `number` is new in the session.
  // Valid until the next call.
  ByteView seal(ChunkKind kind, std::uint64_t number, ByteView raw);

private:
  core::SecretBytes contents_key_, references_key_;
  Compressor compressor_;
  Buffer packed_, sealed_, opened_, again_;
};

// Opens blocks as far as the holder's secrets allow: a reader all, others reference lists. Any
// thread. Both arguments must outlive it.
class BlockOpener {
public:
  BlockOpener(const TrustDocument& trust, const SharedSecrets& secrets);
  // `length` is that of all its chunks. Throws CorruptData, or AccessDenied without the key. In
  // memory that is used again and again.
  ByteView open(const Origin& origin, ChunkKind kind, std::uint64_t number, ByteView sealed,
                std::uint64_t length, Buffer& memory) const;
  // The session secret as a reader finds it. Throws AccessDenied for an epoch that he lacks.
  core::SecretBytes session_secret(const Origin& origin) const;

private:
  using Key = std::shared_ptr<const core::SecretBytes>;
  Key key(const Origin& origin, ChunkKind kind) const;
  core::SecretBytes make_key(const Origin& origin, ChunkKind kind) const;

  const TrustDocument& trust_;
  const SharedSecrets& secrets_;
  // Finding a session's secret costs as much as opening some blocks.
  mutable core::Synchronized<std::map<std::pair<Origin, bool>, Key>> keys_;
};

} // namespace intendance::backupd
