// SPDX-License-Identifier: AGPL-3.0-or-later
#include "backupd/repository/chunk.hpp"

#include "core/error.hpp"

namespace intendance::backupd {

ChunkNamer::ChunkNamer(const SharedSecrets& secrets) {
  for (const auto& [epoch, known] : secrets.epochs) {
    auto& keys = keys_[epoch];
    for (const auto kind : {ChunkKind::contents, ChunkKind::manifest, ChunkKind::references}) {
      const auto& secret = kind == ChunkKind::references ? known.structure : known.naming;
      if (secret.empty()) continue;
      const auto byte = static_cast<std::uint8_t>(kind);
      keys.at(byte - 1u) = core::derive(secret, "chunk", {ByteView(&byte, 1)});
    }
  }
}

const core::SecretBytes& ChunkNamer::key(std::uint32_t epoch, ChunkKind kind) const {
  const auto keys = keys_.find(epoch);
  if (keys == keys_.end())
    throw core::CorruptData("belongs to epoch " + std::to_string(epoch) +
                            ", which the trust object does not name");
  return keys->second.at(static_cast<std::size_t>(kind) - 1);
}

ChunkId ChunkNamer::name(std::uint32_t epoch, ChunkKind kind, ByteView bytes) const {
  const auto digest = core::blake2b(bytes, key(epoch, kind));
  ChunkId id;
  std::copy_n(digest.begin(), id.size(), id.begin());
  return id;
}

} // namespace intendance::backupd
