// SPDX-License-Identifier: AGPL-3.0-or-later
// Requests to one bucket, signed.
#pragma once

#include "storage/http_connections.hpp"
#include "storage/s3_store.hpp"

#include <stop_token>
#include <string>

namespace intendance::storage {

// Any thread: each borrows an HTTP connection for a request, and they are kept.
class S3Bucket {
public:
  S3Bucket(S3Place place, S3Credentials credentials, core::Clock& clock, std::stop_token stop);

  // Without a body yet; of the bucket itself, or of an object.
  SignedParts request(const char* method) const;
  SignedParts request(const char* method, const std::string& name) const;
  // Any answer. Throws what core::HttpClient throws.
  core::HttpReply send(SignedParts request, core::HttpCall call = {});
  // The same with a body in memory, sent together with its MD5, as some requests must.
  core::HttpReply send_body(SignedParts request, std::string body);
  // Throws what an answer other than 2xx means.
  void want_success(const core::HttpReply& reply) const;

  const S3Place& place() const { return place_; }
  std::string address() const;

private:
  const S3Place place_;
  const S3Credentials credentials_;
  core::Clock& clock_;
  const std::string host_;
  HttpConnections connections_;
};

// 404 also says that there is no bucket; only an object is something that may be absent. A HEAD has
// no body that tells.
bool is_absent(const core::HttpReply& reply);

} // namespace intendance::storage
