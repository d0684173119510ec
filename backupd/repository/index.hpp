// SPDX-License-Identifier: AGPL-3.0-or-later
// Indexes: objects that repeat the directories of some packs.
#pragma once

#include "backupd/repository/pack.hpp"

#include <functional>
#include <vector>

namespace intendance::backupd {

std::string index_object_name(const core::Digest& name); // "indexes/…"

// Of the newest epoch.
Buffer encode_index(const std::vector<PackInfo>& packs, const SharedSecrets& secrets);
// Throws CorruptData.
void decode_index(ByteView object, const SharedSecrets& secrets,
                  const std::function<void(PackInfo&&)>& visit);

} // namespace intendance::backupd
