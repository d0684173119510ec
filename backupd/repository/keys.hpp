// SPDX-License-Identifier: AGPL-3.0-or-later
// The four kinds of keys of a repository and the files they live in (docs/repository-format.md).
#pragma once

#include "backupd/repository/age.hpp"
#include "core/clock.hpp"
#include "core/crypto.hpp"

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>

namespace intendance::backupd {

// Signs trust objects. Kept offline.
class OwnerKey {
public:
  static OwnerKey generate() { return OwnerKey(core::random_secret()); }
  static OwnerKey parse(std::string_view text);
  std::string text() const;
  core::PublicKey public_key() const { return core::signing_public(seed_); }
  core::Signature sign(core::ByteView message) const { return core::sign(seed_, message); }

private:
  explicit OwnerKey(core::SecretBytes seed) : seed_(std::move(seed)) {}
  core::SecretBytes seed_;
};

// What the owner gets from a machine to trust it: one word, "intendance-writer1…", in Bech32.
struct WriterPublic {
  core::PublicKey signs{};
  AgeRecipient recipient;                           // opens what writers may know
  static WriterPublic parse(std::string_view text); // throws CorruptData
  std::string text() const;
};

// Signs snapshots, and opens what writers may know.
class WriterKey {
public:
  static WriterKey generate();
  static WriterKey parse(std::string_view text);
  std::string text() const;
  core::PublicKey public_key() const { return core::signing_public(seed_); }
  core::Signature sign(core::ByteView message) const { return core::sign(seed_, message); }
  const AgeIdentity& identity() const { return identity_; }
  WriterPublic public_half() const { return {public_key(), identity_.recipient()}; }

private:
  WriterKey(core::SecretBytes seed, AgeIdentity identity)
      : seed_(std::move(seed)), identity_(std::move(identity)) {}
  core::SecretBytes seed_;
  AgeIdentity identity_;
};

std::string owner_public_text(const core::PublicKey& key);
core::PublicKey parse_owner_public(std::string_view text);

// To be compared by eye and over the telephone: "3f2a 9c01 77de 0b14", of the key's hash.
std::string fingerprint(const core::PublicKey& key);

enum class KeyKind { owner, reader, maintenance, writer };
std::string_view file_name(KeyKind kind); // "reader.key"

// A key made now: the file that keeps it, and what others get to know of it, one line each.
struct NewKey {
  core::SecretBytes file;
  std::string public_text;
};
NewKey generate_key(KeyKind kind, core::TimePoint now);

// Makes the file, mode 0600 or as said, durably. Throws Error when there is one already: a key that
// is overwritten is lost with all that only it opens.
void write_new_file(const std::filesystem::path& file, core::ByteView content, mode_t mode = 0600);

// A folder of key files; each key is read when it is asked for.
class KeyFolder {
public:
  explicit KeyFolder(std::filesystem::path path) : path_(std::move(path)) {}
  const std::filesystem::path& path() const { return path_; }

  // Absent files: nullopt. Damaged ones: ConfigError that names the file.
  std::optional<OwnerKey> owner() const;
  std::optional<WriterKey> writer() const;
  std::optional<AgeIdentity> reader() const;
  std::optional<AgeIdentity> maintenance() const;
  // Of owner.pub, or else of owner.key; ConfigError when neither is there: nothing can be trusted.
  core::PublicKey owner_public() const;

  // Writes those of the wanted that are not there, mode 0600, owner.pub beside owner.key, 0644, and
  // the folder itself, 0700.
  void generate_missing(std::initializer_list<KeyKind> wanted = {KeyKind::owner, KeyKind::reader,
                                                                 KeyKind::maintenance,
                                                                 KeyKind::writer}) const;

private:
  std::filesystem::path path_;
};

} // namespace intendance::backupd
