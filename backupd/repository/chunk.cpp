// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/chunk.hpp"

namespace intendance::backupd {

ChunkNamer::ChunkNamer(const SharedSecrets& secrets) {
  for (const auto kind : {ChunkKind::contents, ChunkKind::manifest, ChunkKind::references}) {
    const auto& secret = kind == ChunkKind::references ? secrets.structure : secrets.naming;
    if (secret.empty()) continue;
    const auto byte = static_cast<std::uint8_t>(kind);
    keys_.at(byte - 1u) = core::derive(secret, "chunk", {ByteView(&byte, 1)});
  }
}

const core::SecretBytes& ChunkNamer::key(ChunkKind kind) const {
  return keys_.at(static_cast<std::size_t>(kind) - 1);
}

ChunkId ChunkNamer::name(ChunkKind kind, ByteView bytes) const {
  const auto digest = core::blake2b(bytes, key(kind));
  ChunkId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

} // namespace intendance::backupd
