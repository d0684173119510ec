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

// An application credential of Keystone, which a user makes for one program and can take back.
struct KeystoneIdentity {
  std::string auth_url; // "https://keystone.example.ca:5000/v3"
  std::string id;
  core::SecretBytes secret;
};

using Credentials = std::variant<S3Identity, KeystoneIdentity>;

// access_key, secret_key and perhaps region; or auth_url, application_credential_id and
// application_credential_secret. Throws ConfigError for what is neither, and AccessDenied for a
// file that everybody on the machine may read.
Credentials read_credentials(const std::filesystem::path& file);

} // namespace intendance::storage
