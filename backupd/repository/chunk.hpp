// SPDX-License-Identifier: AGPL-3.0-or-later
// Chunks: what is stored once, and how it is named (docs/repository-format.md).
#pragma once

#include "backupd/repository/trust.hpp"
#include "core/crypto.hpp"

#include <array>
#include <cstdint>
#include <cstring>
#include <map>

namespace intendance::backupd {

using core::Buffer;
using core::ByteView;

using ChunkId = std::array<std::uint8_t, 16>;

struct ChunkIdHash {
  std::size_t operator()(const ChunkId& id) const noexcept {
    std::size_t hash; // ids are uniform already
    std::memcpy(&hash, id.data(), sizeof(hash));
    return hash;
  }
};

enum class ChunkKind : std::uint8_t { contents = 1, manifest = 2, references = 3 };

inline constexpr std::size_t longest_chunk = std::size_t{4} << 20;

// Names chunks of each epoch, as far as the secrets at hand allow. Any thread.
class ChunkNamer {
public:
  explicit ChunkNamer(const SharedSecrets& secrets);
  // Reference lists by everybody, the others by who has the naming secret.
  bool can_name(std::uint32_t epoch, ChunkKind kind) const { return !key(epoch, kind).empty(); }
  // Throws CorruptData for an epoch that the trust object does not name.
  ChunkId name(std::uint32_t epoch, ChunkKind kind, ByteView bytes) const;

private:
  const core::SecretBytes& key(std::uint32_t epoch, ChunkKind kind) const;
  std::map<std::uint32_t, std::array<core::SecretBytes, 3>> keys_; // by kind
};

} // namespace intendance::backupd
