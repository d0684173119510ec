// SPDX-License-Identifier: AGPL-3.0-or-later
// Who is trusted changes: on a document of next_version(), with what a reader knows. Nothing is
// sealed here: seal_secrets() and store_trust() come after.
#pragma once

#include "backupd/repository/trust.hpp"

#include <string>
#include <vector>

namespace intendance::backupd {

// Throw ConfigError when the name or the key is taken, or the key cannot be used.
void add_reader(TrustDocument& document, const TrustedKey& key);
void add_maintainer(TrustDocument& document, const TrustedKey& key);
void add_writer(TrustDocument& document, const std::string& machine, const WriterPublic& key);

// Somebody whom a document names: the place in the list of that role.
struct Someone {
  Role role = Role::reader;
  std::size_t place = 0;
};
// By name or by public key (age1…, intendance-writer1…). Throws ConfigError when that names nobody
// or several.
Someone find_someone(const TrustDocument& document, const std::string& who);

// Takes him out and begins a new epoch. A writer's ends deduplication with what was stored before,
// whatever `naming` says, because he may have placed what he liked among it; `snapshots`, sorted,
// are those of his that still count. Throws ConfigError for the last reader.
void revoke(TrustDocument& document, SharedSecrets& secrets, const Someone& someone, Naming naming,
            std::vector<core::Digest> snapshots);

} // namespace intendance::backupd
