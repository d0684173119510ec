// SPDX-License-Identifier: AGPL-3.0-or-later
// What the commands that change the trust object share.
#pragma once

#include "backupd/command_support.hpp"
#include "backupd/repository/trust_change.hpp"

#include <filesystem>
#include <memory>

namespace intendance::backupd {

// One change of who is trusted: `next` is edited between the two functions.
struct KeyChange {
  std::unique_ptr<storage::ObjectStore> store;
  std::filesystem::path memory; // of find_trust()
  OwnerKey owner;
  AgeIdentity reader;
  TrustInForce trust;
  SharedSecrets secrets; // all that readers know
  TrustDocument next;
};

// Needs owner.key, which signs, and reader.key, which knows what must be sealed to others. Says
// what is wrong with the trust objects. Throws ConfigError that names the keys that are missing.
KeyChange begin_key_change(const core::CommandContext& context);

// Seals, signs and stores the next version, and sees that it is in force. What else is wrong with
// the trust objects by then is said, and added to those of `change`.
void finish_key_change(const core::CommandContext& context, KeyChange& change);

} // namespace intendance::backupd
