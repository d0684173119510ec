// SPDX-License-Identifier: AGPL-3.0-or-later
// What S3 and Swift have in common: addresses, and parts of objects.
#pragma once

#include "core/http_client.hpp"
#include "storage/object_store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace intendance::storage {

struct HttpPlace {
  std::string origin; // "https://objets.example.ca:8080"
  std::string top;    // a bucket, a container
  std::string prefix; // of every name: "" or "web-1/"
};
// "SCHEME://HOST[:PORT]/TOP[/PREFIX]", or "SCHEME+http://…" without TLS; nothing for what is none.
std::optional<HttpPlace> parse_http_place(std::string_view url, std::string_view scheme);

// Bytes of an object.
struct Range {
  std::uint64_t offset = 0, length = 0; // not empty, and no further than 2^64

  std::string header() const; // "bytes=0-99"
  // Whether an answer to a request for it holds just these bytes; throws what it means when not.
  // `want_success` throws what any other failure means.
  void want_whole(const core::HttpReply& reply, const std::function<void()>& want_success) const;
};

// Whether there is such an object; throws CorruptData when it ends before.
bool reaches(const std::optional<ObjectInfo>& object, std::uint64_t offset, std::uint64_t length);

} // namespace intendance::storage
