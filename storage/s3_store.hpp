// SPDX-License-Identifier: AGPL-3.0-or-later
// Objects in a bucket of an S3 server: Ceph's gateway, Swift's s3api, Amazon's.
#pragma once

#include "storage/object_store.hpp"
#include "storage/sigv4.hpp"

#include <stop_token>

namespace intendance::storage {

struct S3Place {
  std::string endpoint; // "https://objets.example.ca:8080"
  std::string bucket;
  std::string prefix;               // of every name: "" or "web-1/"
  std::string region = "us-east-1"; // Ceph and Swift take any

  // "s3://HOST/BUCKET[/PREFIX]", or "s3+http://…" without TLS. Throws ConfigError.
  static S3Place parse(const std::string& url);
};

// Asked by path (HOST/BUCKET/NAME), each request signed together with its body's digest. A put
// carries MD5 and SHA-256, and what the server says it has must agree; a server that can is told to
// refuse a name in use. Nothing is tried again here: see retrying_store.hpp. Requests at a time:
// as many as there are threads, each on a connection that is kept.
std::unique_ptr<ObjectStore> open_s3_store(S3Place place, S3Credentials credentials,
                                           core::Clock& clock, std::stop_token stop = {});

} // namespace intendance::storage
