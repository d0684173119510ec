// SPDX-License-Identifier: AGPL-3.0-or-later
// Indexes: objects that repeat the directories of some packs.
#pragma once

#include "backupd/repository/pack.hpp"

#include <functional>
#include <vector>

namespace intendance::backupd {

std::string index_object_name(const core::Digest& name); // "indexes/…"

Buffer encode_index(const std::vector<PackInfo>& packs, const core::SecretBytes& structure);
// Calls `visit` for each pack, when all of them could be read. Throws CorruptData.
void decode_index(ByteView object, const core::SecretBytes& structure,
                  const std::function<void(PackInfo&&)>& visit);

} // namespace intendance::backupd
