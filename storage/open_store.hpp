// SPDX-License-Identifier: AGPL-3.0-or-later
#pragma once

#include "storage/counting_store.hpp"
#include "storage/object_store.hpp"

#include <filesystem>
#include <stop_token>
#include <string>

namespace intendance::storage {

// What opening a store takes besides its address.
struct StoreAccess {
  std::filesystem::path credentials_file = {}; // empty: none
  std::stop_token stop = {};                   // ends what is sent and waited for with Cancelled
  // Of each call as the store sees it, those tried again too; none: nobody wants to know.
  std::shared_ptr<StoreMeter> meter = {};
};

// By address: "file:///srv/backup", "s3://HOST/BUCKET[/PREFIX]", "swift://HOST/CONTAINER[/PREFIX]",
// "s3+http://…" and "swift+http://…" without TLS, and "sftp://[USER@]HOST[:PORT]/FOLDER".
// What fails on the way to a server is tried again for some minutes. Throws ConfigError for what is
// not an address of a store, and for credentials that it lacks or that are not its kind's. Nobody
// is asked yet.
std::unique_ptr<ObjectStore> open_store(const std::string& url, const StoreAccess& access = {});

// Throws ConfigError for what open_store() would not take as an address.
void check_store_address(const std::string& url);

} // namespace intendance::storage
