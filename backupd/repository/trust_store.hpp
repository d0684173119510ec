// SPDX-License-Identifier: AGPL-3.0-or-later
// Trust objects as they lie in the store: which one is in force, and what is wrong with the others.
#pragma once

#include "backupd/repository/trust.hpp"
#include "storage/object_store.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace intendance::backupd {

// Something under the repository's names that is not as it should be, and does not stop the work.
struct Finding {
  std::string object, message;
  bool operator==(const Finding&) const = default;
};

// Longest trust object, in bytes.
inline constexpr std::uint64_t longest_trust = std::uint64_t{4} << 20;

struct TrustInForce {
  TrustDocument document;
  core::Digest digest{}; // of its object
  std::vector<Finding> findings;
};

// The newest version that the owner signed. What somebody else wrote, what is of another repository
// and what is missing among the versions before becomes a finding.
//
// `memory` is a folder in which this machine remembers the repository that it found at an address,
// and of each repository the newest version that it saw, with a copy; it may be empty. Throws
// AccessDenied when the store holds an older version than that, another one of the same number, or
// one that was not made from it; Error when there is no repository, ConfigError for a damaged
// memory.
TrustInForce find_trust(storage::ObjectStore& store, const core::PublicKey& owner,
                        const std::filesystem::path& memory);

// Stores that copy again, where the object is gone or not the owner's, and returns its name. Throws
// Error when there is no copy, or nothing to be put back.
std::string put_back_trust(storage::ObjectStore& store, const core::PublicKey& owner,
                           const std::filesystem::path& memory);

// Whether there is anything but trust objects that belongs to a repository.
bool holds_backups(storage::ObjectStore& store);

// The version after this one, the same people in it: to be changed, sealed, and stored.
TrustDocument next_version(const TrustInForce& trust, core::TimePoint now);

// Stores a trust object. A store may have it and fail all the same to say so: then it is looked
// for, and where nobody knows, the error tells.
void put_trust(storage::ObjectStore& store, std::uint32_t version, core::ByteView object);

// Stores it under the next number that nobody took, once it was opened again as `reader` opens it.
// `document` gets that number. Returns the hash of the object. Throws Error, and stores nothing,
// when it is longer than anybody would read.
core::Digest store_trust(storage::ObjectStore& store, TrustDocument& document,
                         const OwnerKey& owner, const AgeIdentity& reader);

} // namespace intendance::backupd
