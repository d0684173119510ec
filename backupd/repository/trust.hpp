// SPDX-License-Identifier: AGPL-3.0-or-later
// The trust object: who may write, who can read, who maintains; signed by the owner.
#pragma once

#include "backupd/repository/age.hpp"
#include "backupd/repository/keys.hpp"
#include "core/clock.hpp"

#include <map>
#include <string>
#include <vector>

namespace intendance::backupd {

using RepositoryId = std::array<std::uint8_t, 16>;

struct TrustedKey {
  std::string name;
  AgeRecipient recipient;
};

struct TrustedWriter {
  std::string name;
  AgeRecipient recipient;
  core::PublicKey signs{};
};

struct Epoch {
  std::uint32_t number = 0;
  core::PublicKey public_key{};
};

struct TrustDocument {
  RepositoryId repository{};
  std::uint32_t version = 1;
  core::TimePoint created;
  std::vector<TrustedKey> readers, maintainers;
  std::vector<TrustedWriter> writers;
  std::vector<Epoch> epochs; // by number; the last is the one to write for
  core::Buffer reader_secrets, maintainer_secrets, writer_secrets; // age files

  const TrustedWriter* writer(const core::PublicKey& signs) const;
};

// What the sealed parts hold; each role finds its own.
struct SharedSecrets {
  core::SecretBytes structure;                       // every role
  core::SecretBytes naming;                          // readers and writers, else empty
  std::map<std::uint32_t, core::SecretBytes> epochs; // readers, else empty
};

// A first trust object with one of each, and the secrets that it seals, made anew.
TrustDocument make_trust(const TrustedKey& reader, const TrustedKey& maintainer,
                         const TrustedWriter& writer, core::TimePoint now);

core::Buffer encode_trust(const TrustDocument& document, const OwnerKey& owner);

// Throws AccessDenied when the owner's signature is not on it, CorruptData when it is not a trust
// object at all.
TrustDocument decode_trust(core::ByteView object, const core::PublicKey& owner);

std::string trust_object_name(std::uint32_t version); // "trust/00000001"

// Throw AccessDenied when the key is not among those the owner named.
SharedSecrets open_reader_secrets(const TrustDocument& document, const AgeIdentity& reader);
SharedSecrets open_maintainer_secrets(const TrustDocument& document, const AgeIdentity& maintainer);
SharedSecrets open_writer_secrets(const TrustDocument& document, const WriterKey& writer);

} // namespace intendance::backupd
