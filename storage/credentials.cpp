// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/credentials.hpp"

#include "core/config.hpp"
#include "core/error.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

namespace intendance::storage {

namespace {

void refuse_open_file(const std::filesystem::path& file) {
  struct stat status {};
  if (::stat(file.c_str(), &status) != 0 || (status.st_mode & S_IROTH) == 0) return;
  throw core::AccessDenied(
      fmt::format("{} holds a secret, and everybody on this machine may read it (mode {:04o}): "
                  "chmod o-rwx {}, and let whoever gave the credential replace it",
                  file.string(), status.st_mode & 07777u, file.string()));
}

core::SecretBytes secret(core::ConfigTable& table, const char* key) {
  const auto text = table.text(key);
  if (text.empty()) table.fail(key, "is empty");
  return core::SecretBytes(core::as_bytes(text));
}

Credentials s3_identity(core::ConfigTable& table) {
  S3Identity identity;
  identity.keys.access_key = table.text("access_key");
  identity.keys.secret_key = secret(table, "secret_key");
  identity.region = table.text("region", identity.region);
  return identity;
}

Credentials keystone_identity(core::ConfigTable& table) {
  KeystoneIdentity identity;
  identity.auth_url = table.text("auth_url");
  if (!identity.auth_url.starts_with("https://") && !identity.auth_url.starts_with("http://"))
    table.fail("auth_url", "is not an address of Keystone\n  allowed: https://HOST[:PORT]/v3");
  while (identity.auth_url.ends_with('/')) identity.auth_url.pop_back();
  identity.id = table.text("application_credential_id");
  identity.secret = secret(table, "application_credential_secret");
  return identity;
}

} // namespace

Credentials read_credentials(const std::filesystem::path& file) {
  auto table = core::load_config_table(file);
  refuse_open_file(file);
  const bool s3 = table.has("access_key"), keystone = table.has("application_credential_id");
  if (s3 == keystone) {
    throw core::ConfigError(
        file.string() + (s3 ? ": holds credentials of two kinds" : ": holds no credentials") +
        "\n  allowed: access_key, secret_key, region (S3) · auth_url, application_credential_id, "
        "application_credential_secret (Keystone)");
  }
  auto credentials = s3 ? s3_identity(table) : keystone_identity(table);
  table.finish();
  return credentials;
}

} // namespace intendance::storage
