// SPDX-License-Identifier: AGPL-3.0-or-later
// A page of a service, read by HTTP again and again.
#pragma once

#include "core/config.hpp"
#include "core/http_client.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace intendance::collectors {

struct PageAddress {
  std::string url;
  std::string user;                                   // with password_file: basic authentication
  std::optional<std::filesystem::path> password_file; // its first line
  std::optional<std::filesystem::path> token_file;    // a bearer token
};

// The keys url, user, password_file and token_file. Throws ConfigError.
PageAddress read_page_address(core::ConfigTable& table);

// Keeps its connection. One thread at a time.
class PageClient {
public:
  explicit PageClient(PageAddress address, std::string accept = "*/*");

  // The body of an answer 200. Redirects are not followed. Throws HttpFailure when there is no
  // answer in longest_reading, AccessDenied for 401 and 403, Error for all else and for a page
  // that is longer than 4 MiB.
  std::string fetch();

private:
  core::HttpCall call() const;

  PageAddress address_;
  std::string accept_;
  std::optional<core::HttpClient> client_; // made when first used: libcurl costs memory
};

} // namespace intendance::collectors
