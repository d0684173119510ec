// SPDX-License-Identifier: AGPL-3.0-or-later
// The age v1 file format for X25519 recipients (age-encryption.org/v1), as Debian's age reads and
// writes it.
#pragma once

#include "core/crypto.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace intendance::backupd {

// Who can open a file: "age1…".
struct AgeRecipient {
  core::PublicKey key{};
  static AgeRecipient parse(std::string_view text); // throws CorruptData
  std::string text() const;
  bool operator==(const AgeRecipient&) const = default;
};

// "AGE-SECRET-KEY-1…".
class AgeIdentity {
public:
  static AgeIdentity generate();
  static AgeIdentity parse(std::string_view text); // throws CorruptData
  static AgeIdentity from_secret(core::SecretBytes secret) {
    return AgeIdentity(std::move(secret));
  }
  std::string text() const; // the secret itself: for a key file alone
  AgeRecipient recipient() const { return {core::agreement_public(secret_)}; }
  const core::SecretBytes& secret() const { return secret_; }

private:
  explicit AgeIdentity(core::SecretBytes secret) : secret_(std::move(secret)) {}
  core::SecretBytes secret_;
};

// A whole age file, in memory: for key material. Every recipient can open it.
core::Buffer age_seal(core::ByteView plain, const std::vector<AgeRecipient>& recipients);

// The same in pieces, for contents that are streamed (age_stream.hpp): what stands before the first
// part, and the key that seals the parts.
struct AgeStart {
  core::Buffer bytes;
  core::SecretBytes payload_key;
};
AgeStart age_start(const std::vector<AgeRecipient>& recipients);

// Of age_part_size bytes; the last may have fewer, and none only when it is the only one.
inline constexpr std::size_t age_part_size = std::size_t{64} << 10;
enum class AgePart { inner, last };
core::Buffer age_seal_part(const core::SecretBytes& payload_key, std::uint64_t number, AgePart part,
                           core::ByteView plain);

// Throws AccessDenied when the file is not sealed to this identity, CorruptData when it is damaged.
core::SecretBytes age_open(core::ByteView sealed, const AgeIdentity& identity);

} // namespace intendance::backupd
