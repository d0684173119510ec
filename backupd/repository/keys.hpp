// SPDX-License-Identifier: AGPL-3.0-or-later
// The four kinds of keys of a repository and the files they live in (docs/repository-format.md).
#pragma once

#include "backupd/repository/age.hpp"
#include "core/crypto.hpp"

#include <filesystem>
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

// Signs snapshots, and opens what writers may know.
class WriterKey {
public:
  static WriterKey generate();
  static WriterKey parse(std::string_view text);
  std::string text() const;
  core::PublicKey public_key() const { return core::signing_public(seed_); }
  core::Signature sign(core::ByteView message) const { return core::sign(seed_, message); }
  const AgeIdentity& identity() const { return identity_; }

private:
  WriterKey(core::SecretBytes seed, AgeIdentity identity)
      : seed_(std::move(seed)), identity_(std::move(identity)) {}
  core::SecretBytes seed_;
  AgeIdentity identity_;
};

std::string owner_public_text(const core::PublicKey& key);
core::PublicKey parse_owner_public(std::string_view text);

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

  // Writes those that are not there, mode 0600 (owner.pub 0644), and the folder itself, 0700.
  void generate_missing() const;

private:
  std::filesystem::path path_;
};

} // namespace intendance::backupd
