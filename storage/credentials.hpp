// SPDX-License-Identifier: AGPL-3.0-or-later
// Who we are to an object store: a file of its own, TOML, that only its user may read.
#pragma once

#include "storage/sigv4.hpp"

#include <filesystem>
#include <string>
#include <variant>

namespace intendance::storage {

struct S3Identity {
  S3Credentials keys;
  std::string region = "us-east-1"; // Ceph and Swift take any
};

// What proves to Keystone who we are.
struct ApplicationCredential { // a user makes it for one program, and can take it back
  std::string id;
  core::SecretBytes secret;
};
struct PasswordLogin {
  std::string user, user_domain;
  core::SecretBytes password;
  std::string project, project_domain;
};
struct ExistingToken { // that somebody else asked for; it cannot be renewed
  core::SecretBytes token;
};

struct KeystoneIdentity {
  std::string auth_url; // "https://keystone.example.ca:5000/v3"
  std::variant<ApplicationCredential, PasswordLogin, ExistingToken> proof;
};

// A login by SSH: nothing but this key proves us, nothing but this file proves the server.
struct SftpIdentity {
  std::filesystem::path private_key_file;
  core::SecretBytes private_key; // what is in it
  core::SecretBytes passphrase;  // empty: none
  std::filesystem::path known_hosts_file;
};

using Credentials = std::variant<S3Identity, KeystoneIdentity, SftpIdentity>;

// access_key, secret_key and perhaps region; or auth_url together with application_credential_id
// and application_credential_secret, or with username, password, project and perhaps user_domain
// and project_domain, or with token; or private_key_file, known_hosts_file and perhaps passphrase.
// Throws ConfigError for what is none of these, and AccessDenied for a file of secrets that
// everybody on the machine may read.
Credentials read_credentials(const std::filesystem::path& file);

} // namespace intendance::storage
