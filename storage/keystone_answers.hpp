// SPDX-License-Identifier: AGPL-3.0-or-later
// What is written to Keystone and what it answers, without a server.
// https://docs.openstack.org/api-ref/identity/v3/
#pragma once

#include "core/http_client.hpp"
#include "storage/credentials.hpp"

#include <string>
#include <vector>

namespace intendance::storage {

struct KeystoneGrant {
  std::string token;
  core::TimePoint issued{}, expires{};    // by Keystone's clock
  std::vector<std::string> object_stores; // public addresses, with the project's path
  std::vector<std::string> other_types;   // of services in the catalogue
};

// The body of POST /auth/tokens. An existing token asks for none: Error.
std::string keystone_request(const KeystoneIdentity& identity);

// Of an answer 2xx to POST or GET /auth/tokens. The answer to a GET may leave the token out. Throws
// Error for what is not Keystone's.
KeystoneGrant read_keystone_grant(const core::HttpReply& reply);

// The object store's address that has this origin ("https://HOST[:PORT]"), without a slash at its
// end. Throws Error, which names those that are there.
std::string endpoint_at(const KeystoneGrant& grant, const std::string& origin);

// Throws what an answer other than 2xx means, with one sentence on what to do.
[[noreturn]] void throw_keystone_failure(const core::HttpReply& reply,
                                         const KeystoneIdentity& identity);

// "https://host" of "HTTPS://Host:443/v1/AUTH_1": in lower case, and without the port that its
// scheme has anyway.
std::string origin_of(const std::string& url);

} // namespace intendance::storage
