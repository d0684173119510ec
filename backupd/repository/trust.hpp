// SPDX-License-Identifier: AGPL-3.0-or-later
// The trust object: who may write, who can read, who maintains; signed by the owner.
#pragma once

#include "backupd/repository/age.hpp"
#include "backupd/repository/keys.hpp"
#include "core/clock.hpp"

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace intendance::backupd {

using RepositoryId = std::array<std::uint8_t, 16>;

enum class Role { reader, maintainer, writer };

struct TrustedKey {
  std::string name;
  AgeRecipient recipient;
  bool operator==(const TrustedKey&) const = default;
};

struct TrustedWriter {
  std::string name; // of the machine, in the snapshots that it signs
  AgeRecipient recipient;
  core::PublicKey signs{};
  bool operator==(const TrustedWriter&) const = default;
};

// A reader or a maintainer of before, so that people see what he may still open.
struct RevokedKey {
  std::string name;
  AgeRecipient recipient;
  std::uint32_t last_epoch = 0; // whose secrets he knows, with those before it
};

// A writer of before. What he signed and is named here still counts; nothing else does.
struct RevokedWriter {
  std::string name;
  core::PublicKey signs{};
  std::vector<core::Digest> snapshots; // sorted
};

struct Epoch {
  std::uint32_t number = 0;
  core::PublicKey public_key{};
};

// The version that this one was made from, and the hash of its object.
struct PreviousTrust {
  std::uint32_t version = 0;
  core::Digest digest{};
};

struct TrustDocument {
  RepositoryId repository{};
  std::uint32_t version = 1;
  std::optional<PreviousTrust> previous; // of version 1: none
  core::TimePoint created;
  std::chrono::seconds grace = std::chrono::hours(24 * 7); // before a sweep deletes what is marked
  std::vector<TrustedKey> readers, maintainers;
  std::vector<TrustedWriter> writers;
  std::vector<RevokedKey> revoked_readers, revoked_maintainers;
  std::vector<RevokedWriter> revoked_writers;
  std::vector<Epoch> epochs;          // by number; the last is the one to write for
  std::uint32_t deduplicate_from = 1; // epoch from which stored chunks may be used again
  core::Buffer reader_secrets, maintainer_secrets, writer_secrets; // age files
  std::map<std::string, std::string> remarks; // members "x-…": JSON that nothing here looks at

  // Who may write now; nullptr when nobody of that key.
  const TrustedWriter* writer(const core::PublicKey& signs) const;
  const RevokedWriter* revoked_writer(const core::PublicKey& signs) const;
  // The machine in whose name that key signed that snapshot. Throws AccessDenied when it does not
  // count: of a writer whom the owner does not trust, or revoked before it was there.
  const std::string& machine_of(const core::PublicKey& signs, const core::Digest& snapshot) const;
};

// What belongs to one epoch. Readers know all three; writers no `opens`, maintainers no `naming`
// either: those are empty.
struct EpochSecrets {
  core::SecretBytes structure; // seals indexes, directories, snapshots' headers
  core::SecretBytes naming; // keys the ids of chunks; the same in epochs that deduplicate together
  core::SecretBytes opens;  // the secret half of the epoch's key pair
};

// What the sealed parts hold; each role finds its own.
struct SharedSecrets {
  std::map<std::uint32_t, EpochSecrets> epochs;

  const EpochSecrets& newest() const { return epochs.rbegin()->second; } // to write with
  const EpochSecrets& of(std::uint32_t epoch) const;                     // throws CorruptData
};

// A first trust object, of epoch 1, for the people whom `people` names, and the secrets that it
// seals, made anew.
TrustDocument make_trust(TrustDocument people, core::TimePoint now);
// With one of each.
TrustDocument make_trust(const TrustedKey& reader, const TrustedKey& maintainer,
                         const TrustedWriter& writer, core::TimePoint now);

// Adds an epoch with a new key pair and a new structure secret. `fresh` renews the naming secret
// too, which ends deduplication with all that was stored before.
enum class Naming { kept, fresh };
void begin_epoch(TrustDocument& document, SharedSecrets& secrets, Naming naming);

// Seals the secrets, all that readers know, to each whom the document names.
void seal_secrets(TrustDocument& document, const SharedSecrets& secrets);

core::Buffer encode_trust(const TrustDocument& document, const OwnerKey& owner);

// Throws AccessDenied when the owner's signature is not on it, CorruptData when it is not a trust
// object at all or says what cannot be, Error when a newer program wrote it.
TrustDocument decode_trust(core::ByteView object, const core::PublicKey& owner);

std::string trust_object_name(std::uint32_t version); // "trust/00000001"

// What a name of a reader, a maintainer or a machine may be: 1 to 64 bytes, no control characters,
// and not what looks like a key. Throws CorruptData.
void check_key_name(const std::string& name);

// Throw AccessDenied when the key is not among those the owner named, CorruptData when they are not
// the secrets of the document's epochs.
SharedSecrets open_reader_secrets(const TrustDocument& document, const AgeIdentity& reader);
SharedSecrets open_maintainer_secrets(const TrustDocument& document, const AgeIdentity& maintainer);
SharedSecrets open_writer_secrets(const TrustDocument& document, const WriterKey& writer);

} // namespace intendance::backupd
