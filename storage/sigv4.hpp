// SPDX-License-Identifier: AGPL-3.0-or-later
// Signature Version 4 of Amazon Web Services, as S3 and what speaks its language want it:
// https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
#pragma once

#include "core/clock.hpp"
#include "core/crypto.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace intendance::storage {

struct S3Credentials {
  std::string access_key;
  core::SecretBytes secret_key;
};

using Pairs = std::vector<std::pair<std::string, std::string>>;

// A request before it is signed. What is signed is what must be sent: the query by
// `canonical_query`, the path by `encode_path`, every header.
struct SignedParts {
  std::string method;
  std::string path;   // not encoded, from "/" on
  Pairs query;        // not encoded, in any order
  Pairs headers;      // "host" among them; names in lower case, in any order
  std::string digest; // of the body: SHA-256 in hex, or "UNSIGNED-PAYLOAD"
};

// Percent-encoded but for A-Z a-z 0-9 - . _ ~, and "/" in a path.
std::string encode_path(std::string_view path);
// "a=1&b=", sorted.
std::string canonical_query(const Pairs& query);

// Adds x-amz-date, x-amz-content-sha256 and authorization to the headers.
void sign_v4(SignedParts& request, const S3Credentials& credentials, std::string_view region,
             core::TimePoint now);

} // namespace intendance::storage
