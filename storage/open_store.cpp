// SPDX-License-Identifier: AGPL-3.0-or-later
#include "storage/open_store.hpp"

#include "core/error.hpp"
#include "storage/credentials.hpp"
#include "storage/retrying_store.hpp"
#include "storage/s3_store.hpp"
#include "storage/sftp_store.hpp"
#include "storage/swift_store.hpp"

#include <utility>

namespace intendance::storage {

namespace {

enum class Kind { directory, s3, swift, sftp };

Kind kind_of(const std::string& url) {
  if (url.starts_with("file:///") && url.size() > 8) return Kind::directory;
  if (url.starts_with("s3://") || url.starts_with("s3+http://")) return Kind::s3;
  if (url.starts_with("swift://") || url.starts_with("swift+http://")) return Kind::swift;
  if (url.starts_with("sftp://")) return Kind::sftp;
  throw core::ConfigError("\"" + url +
                          "\" is not a store's address\n  allowed: file:///FOLDER · "
                          "s3://HOST/BUCKET[/PREFIX] · swift://HOST/CONTAINER[/PREFIX] · "
                          "sftp://[USER@]HOST[:PORT]/FOLDER");
}

template <class Identity>
Identity identity_for(const std::string& url, const StoreAccess& access, const char* wanted) {
  if (access.credentials_file.empty()) {
    throw core::ConfigError(url +
                            " needs credentials: credentials_file = \"…\" in the "
                            "configuration, or --credentials-file FILE; wanted: " +
                            wanted);
  }
  auto credentials = read_credentials(access.credentials_file);
  auto* identity = std::get_if<Identity>(&credentials);
  if (identity == nullptr) {
    throw core::ConfigError(access.credentials_file.string() +
                            ": these credentials are of another kind than " + url +
                            " takes; wanted: " + wanted);
  }
  return std::move(*identity);
}

std::unique_ptr<ObjectStore> open_s3(const std::string& url, const StoreAccess& access) {
  auto place = S3Place::parse(url);
  auto identity = identity_for<S3Identity>(url, access, "access_key, secret_key");
  place.region = std::move(identity.region);
  return open_s3_store(std::move(place), std::move(identity.keys), core::system_clock(),
                       access.stop);
}

std::unique_ptr<ObjectStore> open_swift(const std::string& url, const StoreAccess& access) {
  auto place = SwiftPlace::parse(url);
  auto identity = identity_for<KeystoneIdentity>(
      url, access, "auth_url, application_credential_id, application_credential_secret");
  return open_swift_store(std::move(place), std::move(identity), core::system_clock(), access.stop);
}

std::unique_ptr<ObjectStore> open_sftp(const std::string& url, const StoreAccess& access) {
  auto place = SftpPlace::parse(url);
  auto identity = identity_for<SftpIdentity>(url, access, "private_key_file, known_hosts_file");
  return open_sftp_store(std::move(place), std::move(identity), {}, access.stop);
}

} // namespace

std::unique_ptr<ObjectStore> open_store(const std::string& url, const StoreAccess& access) {
  const auto measured = [&](std::unique_ptr<ObjectStore> store) -> std::unique_ptr<ObjectStore> {
    if (!access.meter) return store;
    return std::make_unique<CountingStore>(std::move(store), access.meter);
  };
  const auto from_network = [&](std::unique_ptr<ObjectStore> store) {
    return retrying(measured(std::move(store)), {}, core::system_clock(), access.stop);
  };
  switch (kind_of(url)) {
  case Kind::directory: return measured(open_directory_store(url.substr(7)));
  case Kind::s3: return from_network(open_s3(url, access));
  case Kind::swift: return from_network(open_swift(url, access));
  case Kind::sftp: break;
  }
  return from_network(open_sftp(url, access));
}

void check_store_address(const std::string& url) {
  switch (kind_of(url)) {
  case Kind::directory: return;
  case Kind::s3: S3Place::parse(url); return;
  case Kind::swift: SwiftPlace::parse(url); return;
  case Kind::sftp: SftpPlace::parse(url); return;
  }
}

} // namespace intendance::storage
