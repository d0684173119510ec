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

ApplicationCredential application_credential(core::ConfigTable& table) {
  return {table.text("application_credential_id"), secret(table, "application_credential_secret")};
}

PasswordLogin password_login(core::ConfigTable& table) {
  constexpr std::string_view domain = "Default";
  return {table.text("username"), table.text("user_domain", domain), secret(table, "password"),
          table.text("project"), table.text("project_domain", domain)};
}

std::string auth_url(core::ConfigTable& table) {
  auto url = table.text("auth_url");
  if (!url.starts_with("https://") && !url.starts_with("http://"))
    table.fail("auth_url", "is not an address of Keystone\n  allowed: https://HOST[:PORT]/v3");
  while (url.ends_with('/')) url.pop_back();
  if (!url.ends_with("/v3")) url += "/v3"; // as OpenStack's own programs take it
  return url;
}

Credentials application_identity(core::ConfigTable& table) {
  return KeystoneIdentity{auth_url(table), application_credential(table)};
}

Credentials password_identity(core::ConfigTable& table) {
  return KeystoneIdentity{auth_url(table), password_login(table)};
}

Credentials token_identity(core::ConfigTable& table) {
  return KeystoneIdentity{auth_url(table), ExistingToken{secret(table, "token")}};
}

Credentials sftp_identity(core::ConfigTable& table) {
  constexpr std::size_t longest_key = 65536; // bytes
  SftpIdentity identity;
  identity.private_key_file = table.path("private_key_file");
  identity.known_hosts_file = table.path("known_hosts_file");
  if (table.has("passphrase")) identity.passphrase = secret(table, "passphrase");
  refuse_open_file(identity.private_key_file);
  identity.private_key =
      core::SecretBytes(core::as_bytes(core::read_file(identity.private_key_file, longest_key)));
  return identity;
}

struct KindOfCredentials {
  const char* key; // which only this kind has
  Credentials (*read)(core::ConfigTable& table);
};

constexpr KindOfCredentials kinds[] = {{"access_key", s3_identity},
                                       {"application_credential_id", application_identity},
                                       {"username", password_identity},
                                       {"token", token_identity},
                                       {"private_key_file", sftp_identity}};

[[noreturn]] void refuse(const std::filesystem::path& file, const char* reason) {
  throw core::ConfigError(fmt::format(
      "{}: {}\n  allowed: access_key, secret_key, region (S3) · auth_url with "
      "application_credential_id, application_credential_secret, or with username, password, "
      "project, user_domain, project_domain, or with token (Keystone) · private_key_file, "
      "known_hosts_file, passphrase (SFTP)",
      file.string(), reason));
}

} // namespace

Credentials read_credentials(const std::filesystem::path& file) {
  auto table = core::load_config_table(file);
  refuse_open_file(file);
  const KindOfCredentials* found = nullptr;
  for (const auto& kind : kinds) {
    if (!table.has(kind.key)) continue;
    if (found != nullptr) refuse(file, "holds credentials of two kinds");
    found = &kind;
  }
  if (found == nullptr) refuse(file, "holds no credentials");
  auto credentials = found->read(table);
  table.finish();
  return credentials;
}

} // namespace intendance::storage
